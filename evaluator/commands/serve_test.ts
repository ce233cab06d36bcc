// `serve` as a user starts it, under Deno and under Bun: it evaluates a checkpoint of its own machine, only
// one that is on its list, and both runtimes get the same answers.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "#shared/schemas/parse.ts";
import { type EvaluationResult, EvaluationResultSchema } from "#shared/schemas/evaluation.ts";
import { bun } from "../testing/services.ts";
import { makeTinyCheckpoint } from "../testing/tiny_checkpoint.ts";

const main = fileURLToPath(import.meta.resolve("../main.ts"));
const VARIABLES = "NODE_ENV,ENV,ELYSIA_AOT,GHPO_TOKEN,GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE";
const runtimes = [
  {
    name: "Deno",
    skip: false as const,
    program: Deno.execPath(),
    args: [
      ...["run", "--no-prompt", "--no-check", "--allow-read", "--allow-write", "--allow-net"],
      `--allow-env=${VARIABLES}`,
    ],
  },
  { name: "Bun", skip: bun.missing, program: bun.path, args: ["run"] },
];

let folder: string;
let checkpoint: string;
const results: EvaluationResult[] = [];
before(async () => {
  folder = Deno.makeTempDirSync();
  checkpoint = await makeTinyCheckpoint(1);
});
after(() => {
  for (const path of [folder, checkpoint]) Deno.removeSync(path, { recursive: true });
});

/** Starts `serve` and waits for the line that names its address. */
async function start(program: string, args: string[], store: string) {
  const flags = ["serve", "--port", "0", "--store", store, "--checkpoints", checkpoint];
  const child = new Deno.Command(program, {
    args: [...args, main, ...flags],
    env: { GHPO_TOKEN: "t" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const stderr = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await stderr.read();
    if (done) throw new Error(`Cannot start ${program}: ${said}`);
    said += value;
    const url = /Serving at (http:\S+),/.exec(said)?.[1];
    if (url === undefined) continue;
    stderr.releaseLock();
    return {
      url,
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await child.stderr.cancel().catch(() => {});
        await child.status;
      },
    };
  }
}

async function call(url: string, body?: unknown): Promise<Response> {
  const headers = { authorization: "Bearer t", "content-type": "application/json" };
  return await fetch(
    url,
    body === undefined ? { headers } : {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    },
  );
}

for (const { name, skip, program, args } of runtimes) {
  it(`serve under ${name} says why it cannot listen or keep evaluations`, { skip }, async () => {
    using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = taken.addr;
    const cases: [string[], RegExp][] = [
      [
        ["--port", `${port}`],
        new RegExp(`^error: Cannot listen on port ${port} of 127.0.0.1 as another program d`),
      ],
      [
        ["--port", "0", "--host", "203.0.113.7"],
        /^error: Cannot listen .* as this machine has no such address: g/,
      ],
      [
        ["--port", "0", "--store", `${folder}/none/x`],
        /^error: Cannot write .*x\.lock as its folder does not exist\n$/,
      ],
      [
        ["--port", "0", "--store", `${main}/x`],
        /^error: Cannot write .*x\.lock as a part of its path is not a dir/,
      ],
    ];
    for (const [flags, message] of cases) {
      const command = new Deno.Command(program, {
        args: [...args, main, "serve", ...flags],
        env: { GHPO_TOKEN: "t" },
      });
      const { code, stderr } = await command.output();
      const said = new TextDecoder().decode(stderr);
      assert.equal(code, 1, said);
      assert.match(said, message);
    }
  });

  it(`serve under ${name} evaluates a checkpoint in chunks, across a restart`, { skip }, async () => {
    const store = `${folder}/${name}.jsonl`;
    const spec = { checkpoint, benchmarks: ["chain"], problems_seed: 3, per_level: 2, max_tokens: 12 };
    let id: string;
    {
      await using service = await start(program, args, store);
      const began = await (await call(`${service.url}/v1/evaluations`, spec)).json();
      assert.deepEqual([began.total, began.done, began.status], [10, 0, "running"]);
      id = began.id;
      const stream = await call(`${service.url}/v1/evaluations/${id}/next`, { count: 6 });
      assert.match(await stream.text(), /event: end\n.*"done":6,/);
    }
    await using service = await start(program, args, store);
    const again = await (await call(`${service.url}/v1/evaluations`, spec)).json();
    assert.deepEqual([again.id, again.done], [id, 6]);
    await (await call(`${service.url}/v1/evaluations/${id}/next`, {})).text();
    const result = parse(
      EvaluationResultSchema,
      await (await call(`${service.url}/v1/evaluations/${id}/result`)).json(),
      "the result",
    );
    assert.deepEqual([result.complete, result.source, result.benchmarks[0]?.n], [true, "checkpoint", 10]);
    assert.match(result.run.engine?.runtime ?? "", new RegExp(`^${name} \\d`));
    results.push(result);

    for (const other of ["/etc", `${checkpoint}/../${checkpoint}`, "../models"]) {
      const refused = await call(`${service.url}/v1/evaluations`, { ...spec, checkpoint: other });
      assert.equal(refused.status, 403);
      assert.match((await refused.json()).detail, /not on this service's list of allowed checkpoints/);
    }
    const both = await call(`${service.url}/v1/evaluations`, { ...spec, model: "m" });
    assert.match((await both.json()).detail, /must name an endpoint with its model, or a checkpoint/);

    // The model changes: what was asked of the old one is not mixed with the new.
    Deno.writeTextFileSync(`${checkpoint}/chat_template.jinja`, "{{ messages[0].content }}");
    try {
      Deno.copyFileSync(store, `${store}.copy`); // the store itself is locked by the one that serves
      await using changed = await start(program, args, `${store}.copy`);
      const refused = await call(`${changed.url}/v1/evaluations/${id}/next`, {});
      assert.deepEqual([refused.status, (await refused.json()).status], [409, 409]);
      assert.notEqual((await (await call(`${changed.url}/v1/evaluations`, spec)).json()).id, id);
    } finally {
      Deno.removeSync(`${checkpoint}/chat_template.jinja`);
    }
  });
}

describe("serve", () => {
  it("gives the same scores and the same digest in Deno and Bun", { skip: bun.missing }, () => {
    const [deno, inBun] = results;
    assert.ok(deno && inBun);
    assert.deepEqual([deno.model_sha256, deno.benchmarks], [inBun.model_sha256, inBun.benchmarks]);
  });

  it("refuses to start with a checkpoint that is none", async () => {
    const { program, args } = runtimes[0]!;
    const flags = ["serve", "--open", "--port", "0", "--checkpoints", folder];
    const { code, stderr } = await new Deno.Command(program, { args: [...args, main, ...flags] }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /^error: Cannot serve the checkpoint .* no config.json\n$/,
    );
  });
});
