// Sampling over a real server: the same tokens as here, whoever answers, dies or lies.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { connect } from "@nats-io/transport-node";
import {
  ANSWERS,
  answerSubject,
  type Job,
  JOBS,
  jobSubject,
  readJob,
  WEIGHTS,
  WORKERS,
  writeAnswer,
} from "#shared/fleet/protocol.ts";
import { stopsAt } from "#shared/text/stop_strings.ts";
import { connectFleet, makeStreams } from "#shared/fleet/server.ts";
import { WeightStore } from "#shared/fleet/weights.ts";
import { TOOLS } from "../../scripts/tools.mjs";
import { EOS, tinyTokenizer } from "../loop/testing.ts";
import type { Sample } from "../learner/policy.ts";
import { RemoteSampler } from "./remote_sampler.ts";
import { FleetPolicy, FleetWorker, LEARNER, NATS, TestServer, TOKENIZER, WORKER } from "./testing.ts";

const SERVER = new URL("../../shared/fleet/server.ts", import.meta.url).href;
const OPTIONS = { extend: true, max_tokens: 12, temperature: 0.9, greedy: false, seed: 3, eos_ids: [EOS] };
const requests = (step: number, count = 40) =>
  Array.from(
    { length: count },
    (_, i) => ({ prompt_ids: [1, 2, i % 5], samples: 3, key: [step, i] as [number, number] }),
  );
const settings = (patience = 5) => ({
  run: `test-${Math.random().toString(36).slice(2)}`,
  vocabulary: tinyTokenizer.vocabSize,
  micro_batch_tokens: 512,
  patience,
  tokenizer: TOKENIZER,
});

describe("an encrypted connection", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  const openssl = Bun.which("openssl");
  const skip = openssl === null ? "there is no openssl to make certificates with" : false;
  it("takes the server's authority from GHPO_NATS_CA, and no other", { timeout: 60_000, skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-tls-"));
    const at = (name: string) => join(folder, name);
    const make = (...words: string[]) =>
      assert.equal(Bun.spawnSync([openssl!, ...words], { stderr: "ignore" }).exitCode, 0);
    const request = (name: string) => ["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`];
    make(...request("authority"), "-x509", "-days", "2", "-keyout", at("ca.key"), "-out", at("ca.pem"));
    make(...request("localhost"), "-keyout", at("server.key"), "-out", at("server.csr"));
    writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
    const signed = [
      "x509",
      "-req",
      "-days",
      "2",
      "-in",
      at("server.csr"),
      "-extfile",
      at("names"),
      "-out",
      at("server.pem"),
    ];
    make(...signed, "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial");
    const tls = `tls { cert_file: "${at("server.pem")}", key_file: "${at("server.key")}" }`;
    const { server, port } = await TestServer.startWeb(tls);
    try {
      const url = `tls://localhost:${server.port}`;
      const connection = await connectFleet(url, { ...LEARNER, GHPO_NATS_CA: at("ca.pem") });
      assert.equal(connection.info?.tls_required, true);
      await connection.close();
      await assert.rejects(connectFleet(url, LEARNER), /certificate/);
      // WebSockets know the authorities of their runtime.
      const web = `wss://localhost:${port}`;
      const connects = async (program: string[], url: string, env: Record<string, string>) => {
        const script = `const { connectFleet } = await import(${JSON.stringify(SERVER)});` +
          `const connection = await connectFleet(${JSON.stringify(url)}, ${
            JSON.stringify({ ...WORKER, GHPO_NATS_CA: env["GHPO_NATS_CA"] })
          });` +
          `await connection.flush(); await connection.close(); console.log("connected");`;
        const child = Bun.spawn([...program, script], {
          env: { ...process.env, ...env },
          stdout: "pipe",
          stderr: "ignore",
        });
        const said = await new Response(child.stdout).text();
        await child.exited;
        return said.includes("connected");
      };
      const bun = [process.execPath, "-e"];
      const deno = [TOOLS.deno, "eval"];
      const all = [
        connects(bun, web, { NODE_EXTRA_CA_CERTS: at("ca.pem") }),
        connects(bun, web, {}),
        connects(deno, web, { DENO_CERT: at("ca.pem") }),
        connects(deno, web, {}),
        connects(deno, url, { GHPO_NATS_CA: at("ca.pem") }),
        connects(deno, url, {}),
      ];
      assert.deepEqual(await Promise.all(all), [true, false, true, false, true, false]);
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("remote sampling", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server.close());

  /** Samples two steps with an update between, and compares each with sampling here. */
  async function sample(
    patience?: number,
    during: (sampler: RemoteSampler) => Promise<void> = async () => {},
  ) {
    const policy = new FleetPolicy();
    const log: string[] = [];
    const sampler = await RemoteSampler.open(
      server.url,
      policy,
      settings(patience),
      (line) => log.push(line),
      LEARNER,
    );
    for (const step of [0, 1]) {
      const expected = await policy.generate(requests(step), OPTIONS);
      const [answers] = await Promise.all([sampler.generate(requests(step), OPTIONS), during(sampler)]);
      const ids = (samples: typeof answers) => samples.map((all) => all.map((one) => Array.from(one.ids)));
      assert.deepEqual(ids(answers), ids(expected));
      policy.logits[3 + step]! += 1;
    }
    const counts = sampler.metrics();
    await sampler.close();
    return { counts, log };
  }

  it("gives the tokens of sampling here, over two workers and an update", { timeout: 60_000 }, async () => {
    const all = [new FleetWorker(), new FleetWorker(() => Bun.sleep(1))];
    await using _ = server.work(...all);
    const { counts } = await sample();
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [80, 0, 0]);
    assert.equal(counts["fleet/differing"], 0);
    assert.equal(all[0]!.jobs + all[1]!.jobs, 80);
  });

  it(
    "has workers stop at stop strings, and takes nothing longer or shorter",
    { timeout: 60_000 },
    async () => {
      const ends = stopsAt(tinyTokenizer, ["7", "+1"])!;
      const policy = new FleetPolicy();
      const options = { ...OPTIONS, ends };
      const plain = (all: Sample[][]) =>
        all.map((each) =>
          each.map((one) => ({ ...one, ids: Array.from(one.ids), logprobs: Array.from(one.logprobs) }))
        );
      const tokens = (all: Sample[][]) => all.flat().reduce((sum, { ids }) => sum + ids.length, 0);
      const expected = plain(await policy.generate(requests(0), options));
      const whole = await policy.generate(requests(0), OPTIONS);
      assert.ok(tokens(expected) < tokens(whole));
      let sampled = 0;
      class Counting extends FleetWorker {
        override async answer(...call: Parameters<FleetWorker["answer"]>) {
          const answer = await super.answer(...call);
          sampled += tokens([answer]);
          return answer;
        }
      }
      const counts = async (worker: FleetWorker) => {
        await using _ = server.work(worker);
        const sampler = await RemoteSampler.open(server.url, policy, settings(20), () => {}, LEARNER);
        assert.deepEqual(plain(await sampler.generate(requests(0), options)), expected);
        const counts = sampler.metrics();
        await sampler.close();
        return counts;
      };
      const honest = await counts(new Counting());
      assert.deepEqual([honest["fleet/remote"], honest["fleet/differing"]], [40, 0]);
      assert.equal(sampled, tokens(expected));
      const wrong = [undefined, Object.assign(() => 1, { texts: [] })]; // goes on, and stops at once
      for (const theirs of wrong) {
        class Wrong extends FleetWorker {
          override answer(job: Job) {
            return super.answer(job, theirs);
          }
        }
        const refused = await counts(new Wrong());
        const touched = expected.filter((each, i) =>
          each.some(({ ids, finish_reason }, s) =>
            theirs ? ids.length > 1 : finish_reason !== whole[i]![s]!.finish_reason ||
              ids.length < whole[i]![s]!.ids.length
          )
        );
        assert.equal(refused["fleet/refused"], touched.length);
        assert.ok(touched.length > 0);
      }
    },
  );

  it("goes on alone when nobody answers", { timeout: 60_000 }, async () => {
    const { counts, log } = await sample(0.5);
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"]], [0, 80]);
    assert.match(log[0]!, /40 of 40 requests have had no answer for 0.5 s/);
  });

  it("does not mind workers that fail now and then", { timeout: 60_000 }, async () => {
    let failures = 0;
    const failing = new FleetWorker(() => {
      if (Math.random() < 0.3 && failures++ < 20) throw new Error("out of memory");
    });
    await using _ = server.work(failing, new FleetWorker());
    const { counts } = await sample();
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"]], [80, 0]);
    assert.ok(failures > 0);
  });

  it("takes nothing from a worker that lies", { timeout: 60_000 }, async () => {
    const lies: ((all: { ids: Uint32Array; logprobs: Float32Array }[]) => void)[] = [
      (all) => all[0]!.ids[0] = 9999,
      (all) => all[0]!.logprobs[0] = NaN,
      (all) => all.pop(),
      (all) => all[0]!.logprobs.fill(-0.01), // well-formed, and not the log-probs of these weights
    ];
    let turn = 0;
    class Liar extends FleetWorker {
      override async answer(job: Parameters<FleetWorker["answer"]>[0]) {
        const answer = await super.answer(job);
        lies[turn++ % lies.length]!(answer);
        return answer;
      }
    }
    await using _ = server.work(new Liar());
    const { counts } = await sample();
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [0, 80, 80]);
  });

  it("takes nothing from one that does not keep to the protocol either", { timeout: 60_000 }, async () => {
    const learner = await connectFleet(server.url, LEARNER);
    await makeStreams(learner);
    await learner.close();
    const connection = await connectFleet(server.url, WORKER);
    const stop = new AbortController();
    const stealing = (async () => {
      const stream = jetstream(connection);
      const consumer = await stream.consumers.get(JOBS, WORKERS);
      const anybody = new FleetWorker();
      let before: Job | undefined;
      for (let turn = 0; !stop.signal.aborted;) {
        const message = await consumer.next({ expires: 1000 });
        if (message === null) continue;
        const job = readJob(message.data);
        const [right] = await anybody.generate([job]);
        const answers = [
          () => new Uint8Array(7e6), // as much as the server lets through
          () => new TextEncoder().encode("{}\n"),
          () => writeAnswer(before ?? { ...job, id: "other" }, "a thief", right!),
          () => writeAnswer({ ...job, weights: "0".repeat(64) }, "a thief", right!),
          () => null, // says that it is done, and nothing else
        ];
        const bytes = answers[turn++ % answers.length]!();
        if (bytes !== null) {
          await stream.publish(answerSubject(job.run, job.call, job.id), bytes, { msgID: job.id });
        }
        await message.ackAck();
        before = job;
      }
      await connection.close();
    })();
    const { counts } = await sample(2);
    stop.abort();
    await stealing;
    assert.deepEqual([counts["fleet/remote"], counts["fleet/local"], counts["fleet/refused"]], [0, 80, 64]);
  });

  it("survives the death of its server", { timeout: 60_000 }, async () => {
    await using _ = server.work(new FleetWorker(() => Bun.sleep(20)));
    let kills = 0;
    const { counts } = await sample(6, async () => {
      await Bun.sleep(200);
      await server.kill();
      kills++;
      await server.start();
    });
    assert.equal(kills, 2);
    assert.equal(counts["fleet/remote"]! + counts["fleet/local"]!, 80);
    assert.equal(counts["fleet/refused"], 0);
  });

  it(
    "finds its workers again when the server was killed between two steps",
    { timeout: 60_000 },
    async () => {
      await using _ = server.work(new FleetWorker());
      const sampler = await RemoteSampler.open(
        server.url,
        new FleetPolicy(),
        settings(20),
        () => {},
        LEARNER,
      );
      for (const step of [0, 1, 2]) {
        await sampler.generate(requests(step), OPTIONS);
        const { "fleet/remote": remote } = sampler.metrics();
        assert.equal(remote, 40, `step ${step}`);
        await server.kill();
        await server.start();
        await Bun.sleep(3000); // both sides connect again
      }
      await sampler.close();
    },
  );

  it("opens no weights but those that were asked for", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-weights-"));
    writeFileSync(join(folder, "model.safetensors"), new Uint8Array(3e6).fill(7));
    const learner = await connectFleet(server.url, LEARNER);
    const [made, worker] = [await WeightStore.open(learner, true), await connectFleet(server.url, WORKER)];
    const opened = await WeightStore.open(worker, false);
    const digest = await made.publish(folder, ["model.safetensors"], null);
    const { files: [file], base } = await opened.manifest(digest);
    const copy = join(folder, "copy");
    mkdirSync(copy);
    const fetch = () => opened.fetch({ files: [file!], base }, copy);
    await fetch();
    assert.deepEqual(readFileSync(join(copy, "model.safetensors")), Buffer.alloc(3e6, 7));
    const { digest: right } = (await made.store.info(file!.sha256))!;
    await made.store.putBlob({ name: file!.sha256 }, new Uint8Array(3e6).fill(8));
    await assert.rejects(fetch(), /must hold the object with the SHA-256/);
    // A server that lies about the digest, too.
    const { name, bucket, nuid, size, chunks } = (await made.store.info(file!.sha256))!;
    const subject = `$O.${WEIGHTS}.M.${btoa(file!.sha256)}`;
    await jetstream(learner).publish(
      subject,
      JSON.stringify({ name, bucket, nuid, size, chunks, digest: right }),
    );
    await assert.rejects(fetch(), /digests do not match/);
    await worker.close();
    await learner.close();
    rmSync(folder, { recursive: true });
  });

  it("lets a worker take jobs, read weights and answer, and nothing else", { timeout: 60_000 }, async () => {
    const learner = await connectFleet(server.url, LEARNER);
    await makeStreams(learner);
    await new Objm(learner).create(WEIGHTS);
    const worker = await connectFleet(server.url, WORKER);
    const stream = jetstream(worker, { timeout: 500 });
    const { streams, consumers } = await jetstreamManager(worker, { timeout: 500, checkAPI: false });
    const refused: Record<string, () => Promise<unknown>> = {
      "publish a job": () => stream.publish(jobSubject("x", 0), "{}", { timeout: 500 }),
      "delete a stream": () => streams.delete(JOBS),
      "purge a stream": () => streams.purge(ANSWERS),
      "make a stream": () => streams.add({ name: "MINE", subjects: ["mine"] }),
      "read answers": () => streams.getMessage(ANSWERS, { seq: 1 }),
      "consume answers": () => consumers.add(ANSWERS, { durable_name: "mine" }),
      "delete the consumer": () => consumers.delete(JOBS, "workers"),
      "store weights": async () =>
        (await new Objm(worker).open(WEIGHTS)).putBlob({ name: "a" }, new Uint8Array(1)),
    };
    for (const [what, call] of Object.entries(refused)) {
      await assert.rejects(call(), /permission|violation|timeout/i, what);
    }
    const { seq } = await stream.publish(answerSubject("x", 0, "y"), "an answer is what it may give");
    assert.ok(seq > 0);
    assert.throws(() => worker.publish("ghpo.answer.x.0.y", new Uint8Array(100e6)), /max_payload|payload/i);
    await assert.rejects(
      connect({ servers: `127.0.0.1:${server.port}`, reconnect: false }),
      /Authorization/i,
    );
    await worker.close();
    await learner.close();
  });
});
