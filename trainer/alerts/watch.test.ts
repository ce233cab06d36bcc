import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type AlertSettings, AlertsSchema } from "#shared/schemas/alerts.ts";
import { writeJsonl } from "#shared/io/jsonl.ts";
import { parse } from "#shared/schemas/parse.ts";
import { alertLine, readAlerts, Watch } from "./watch.ts";

describe("a watch", () => {
  let folder: string;
  let lines: string[];
  const status = { log: (line: string) => void lines.push(line) };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ghpo-alerts-"));
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const record = (step: number, grad_norm: number) => ({ step, time: step, step_time: 1, grad_norm });
  function watch(settings: Partial<AlertSettings> = {}, records: ReturnType<typeof record>[] = []) {
    const known = parse(AlertsSchema, { patience: 3, disk_filling: 0, ...settings }, "settings");
    return new Watch(
      { path: folder, settings: known, facts: { algorithm: "grpo", hints_after: null, loss_type: "grpo" } },
      status,
      records,
    );
  }

  it("tells once while a rule holds, and again when it holds anew", async () => {
    await using watched = watch();
    for (let step = 1; step <= 12; step++) watched.observe(record(step, step === 7 ? 1 : 0));
    assert.deepEqual(watched.alerts.map(({ step, rule }) => [step, rule]), [
      [3, "zero_gradient"],
      [10, "zero_gradient"],
    ]);
    assert.deepEqual(readAlerts(folder), watched.alerts);
    assert.deepEqual(lines, watched.alerts.map(alertLine));
    assert.match(lines[0]!, /^alert zero_gradient at step 3: the gradient was zero .* Try: look at/);
  });

  it("is silent about what is off", async () => {
    await using watched = watch({ off: ["zero_gradient"] });
    for (let step = 1; step <= 5; step++) watched.observe(record(step, 0));
    assert.deepEqual(watched.alerts, []);
  });

  it("goes on where a resumed run does, and forgets what came after", async () => {
    {
      await using watched = watch();
      for (let step = 1; step <= 5; step++) watched.observe(record(step, 0));
    }
    await using resumed = watch({}, [record(1, 0), record(2, 0)]);
    assert.deepEqual(resumed.alerts, []);
    assert.deepEqual(readAlerts(folder), []);
    resumed.observe(record(3, 0));
    assert.deepEqual(readAlerts(folder).map(({ step }) => step), [3]);
  });

  it("tells of a step that does not end, but not while the run is paused", async () => {
    let now = 0;
    const settings = parse(AlertsSchema, { disk_filling: 0 }, "settings");
    const facts = { algorithm: "grpo", hints_after: null, loss_type: "grpo" };
    await using watched = new Watch({ path: folder, settings, facts, now: () => now }, status, []);
    for (let step = 1; step <= 5; step++) {
      now += 20_000;
      watched.observe(record(step, 1));
    }
    now += 90_000;
    watched.look();
    assert.deepEqual(watched.alerts, []);
    now += 15_000;
    watched.look();
    assert.equal(
      lines[0],
      "alert stalled_step at step 5: the step has been going on for 105 s, the longest of the last ones took 20 s. " +
        "Try: check whether another program uses the GPU or the machine is asleep; Ctrl-C and then --resume restart the run",
    );
    now += 10_000;
    watched.observe(record(6, 1));
    writeJsonl(join(folder, "events.jsonl"), [{ action: "pause", step: 6, request: 1, at: 0 }]);
    now += 900_000;
    watched.look();
    assert.equal(lines.length, 1);
  });

  it("starts a program with the sentence, and the record on stdin", async () => {
    const out = join(folder, "out");
    {
      await using watched = watch({ command: ["sh", "-c", `{ cat; echo; echo "$0"; } > ${out}`] });
      for (let step = 1; step <= 3; step++) watched.observe(record(step, 0));
    }
    const [json, sentence] = readFileSync(out, "utf8").trim().split("\n") as [string, string];
    assert.match(sentence, /^ghpo-alerts-\w+: the gradient was zero .* \(zero_gradient, step 3\)$/);
    const { rule, step, run, text } = JSON.parse(json);
    assert.deepEqual([rule, step, text], ["zero_gradient", 3, sentence]);
    assert.doesNotMatch(json, new RegExp(tmpdir()), "no path of this machine");
    assert.match(run, /^ghpo-alerts-/);
  });

  it("posts to a webhook whose address stands in the environment, and never shows it", async () => {
    const bodies: unknown[] = [];
    let answer = 200;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        bodies.push(await request.json());
        return new Response("", { status: answer });
      },
    });
    process.env.GHPO_TEST_HOOK = `http://127.0.0.1:${server.port}/secret-path`;
    try {
      {
        await using watched = watch({ webhook: "$GHPO_TEST_HOOK" });
        for (let step = 1; step <= 3; step++) watched.observe(record(step, 0));
        answer = 500;
        watched.observe(record(4, 1));
        for (let step = 5; step <= 7; step++) watched.observe(record(step, 0));
      }
      assert.deepEqual(bodies.map((body) => (body as { step: number }).step), [3, 7]);
      assert.equal(lines.at(-1), "Cannot notify by the webhook: it answered 500");
    } finally {
      await server.stop(true);
    }
    {
      await using watched = watch({ webhook: "$GHPO_TEST_HOOK" }); // nobody listens any more
      for (let step = 1; step <= 3; step++) watched.observe(record(step, 0));
    }
    assert.equal(lines.at(-1), "Cannot notify by the webhook: no answer");
    assert.doesNotMatch(lines.join("\n"), /secret-path/);
    delete process.env.GHPO_TEST_HOOK;
    assert.throws(() => watch({ webhook: "$GHPO_TEST_HOOK" }), /GHPO_TEST_HOOK .*: it is not set$/);
  });

  it("tells of a program that fails, and goes on", async () => {
    {
      await using watched = watch({ command: ["false"] });
      for (let step = 1; step <= 3; step++) watched.observe(record(step, 0));
    }
    assert.equal(lines.at(-1), "Cannot notify by the command: false ended with exit code 1");
  });
});
