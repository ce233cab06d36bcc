// The library as others get it: what is packed, what its types say, and the example on Deno and on Node.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { startEndpoint } from "../testing/endpoint.ts";
import { declarations, install } from "./tools/api.ts";

const root = fileURLToPath(import.meta.resolve("../../"));
const folder = Deno.makeTempDirSync();
const installed = `${folder}/node_modules/@ghpo/evaluator`;
const example = `${root}evaluator/examples/own_grader.ts`;
after(() => Deno.removeSync(folder, { recursive: true }));

async function run(
  program: string,
  args: string[],
  cwd: string,
): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** A model that is right in every second sample. */
const answer = (prompt: string, seed: number): string => {
  const right = prompt.includes("4, 7, 8, 8")
    ? "(7-8/8)*4"
    : prompt.includes("1, 3, 4, 6")
    ? "6/(1-3/4)"
    : "12*(5-3)";
  return seed % 2 === 0 ? `Let me see\n${right} = 24` : "8+8+7+4 = 24";
};
const expected = /^4-7-8-8 true \(7-8\/8\)\*4$/m;

describe("the package", () => {
  before(async () => {
    await install(folder, installed);
    cpSync(`${root}node_modules/valibot`, `${folder}/node_modules/valibot`, {
      recursive: true,
      dereference: true,
    });
  });

  it("holds the modules that it needs, their types, a page and the licence", () => {
    const files = listed(installed);
    const others = files.filter((name) => !/^dist\/(?:evaluator|shared)\/.*\.(?:js|d\.ts)$/.test(name));
    assert.deepEqual(others, ["LICENSE", "README.md", "package.json"]);
    const parts = /\/(?:engine|io|fleet|text\/(?:jinja|tokenizer)|commands|app|report|testing)\b|test/;
    assert.deepEqual(files.filter((name) => parts.test(name)), []);
  });

  it("needs nothing of one runtime", () => {
    for (const name of listed(installed).filter((name) => /\.(?:js|d\.ts)$/.test(name))) {
      const text = Deno.readTextFileSync(`${installed}/${name}`);
      const named = Array.from(
        text.matchAll(/^(?:import|export) [^;"=]*from "([^"]+)"/gm),
        ([, path]) => path as string,
      );
      for (const path of named) if (path !== "valibot") assert.match(path, /^\.\.?\/.*\.js$/, name);
      if (name.endsWith(".js")) {
        const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
        assert.doesNotMatch(code, /\b(?:Deno|Bun|process)\.|new Function\(|\beval\(/, name);
      }
    }
  });

  it("could be published to JSR", async (context) => {
    const jsr = `${folder}/jsr`; // Deno looks for no configuration below node_modules
    for (const name of listed(installed)) {
      Deno.mkdirSync(dirname(`${jsr}/${name}`), { recursive: true });
      Deno.copyFileSync(`${installed}/${name}`, `${jsr}/${name}`);
    }
    Deno.copyFileSync(`${root}evaluator/package/deno.json`, `${jsr}/deno.json`);
    const dryRun = await run(Deno.execPath(), ["publish", "--dry-run", "--allow-dirty"], jsr);
    if (/registry|dns|connect/i.test(dryRun.err) && dryRun.code !== 0) return context.skip(dryRun.err);
    assert.equal(dryRun.code, 0, dryRun.err);
    assert.doesNotMatch(dryRun.err, /warning\[/);
  });

  it("has the API of api.txt", () => {
    assert.equal(
      declarations(installed).trimEnd(),
      Deno.readTextFileSync(`${root}evaluator/library/api.txt`).trimEnd(),
      "a change that is meant is written down by: deno run -A evaluator/library/tools/api.ts > evaluator/library/api.txt",
    );
  });

  it("is documented where it is exported", () => {
    const text = Deno.readTextFileSync(`${installed}/dist/evaluator/library/evaluate.d.ts`);
    for (const name of text.matchAll(/^export declare function (\w+)/gm)) {
      assert.match(text.slice(0, name.index).trimEnd(), /\*\/$/, `${name[1]} has no description`);
    }
  });

  it("runs the example on Node", async () => {
    assert.ok(Deno.readTextFileSync(example).split("\n").length <= 60);
    await using server = startEndpoint(answer, 0);
    const bun = `${root}.cache/tools/node_modules/bun/bin/bun.exe`;
    const js = await run(bun, ["build", "--no-bundle", example], root);
    assert.equal(js.code, 0, js.err);
    Deno.writeTextFileSync(`${folder}/example.mjs`, js.out);
    const { code, out, err } = await run("node", ["example.mjs", server.url, "m"], folder);
    assert.equal(code, 0, err);
    assert.match(out, /^game-of-24 +3 /m);
    assert.match(out, expected);
  });

  for (const readme of ["README.md", "evaluator/package/README.md"]) {
    it(`runs the program of ${readme} on Node`, async () => {
      const blocks = Deno.readTextFileSync(root + readme).matchAll(/^```ts\n([^]*?)^```/gm);
      const programs = Array.from(blocks, ([, code]) => code!).filter((code) =>
        code.includes("@ghpo/evaluator")
      );
      assert.equal(programs.length, 1);
      await using server = startEndpoint((prompt) =>
        prompt.includes("What is 2+3?") ? "It is \\boxed{5}." : "?"
      );
      Deno.writeTextFileSync(
        `${folder}/readme.mjs`,
        programs[0]!.replace("http://127.0.0.1:8000/v1", server.url),
      );
      const { code, out, err } = await run("node", ["readme.mjs"], folder);
      assert.equal(code, 0, err);
      assert.match(out, /^sums +1 +100\.0 \[.*\] +4 +100\.0 /m);
    });
  }
});

it("the example runs on Deno with permission for its server only", async () => {
  await using server = startEndpoint(answer, 0);
  const args = ["run", "--no-check", "--no-prompt", "--allow-net=127.0.0.1", "--allow-env=OPENAI_API_KEY"];
  const { code, out, err } = await run(Deno.execPath(), [...args, example, server.url, "m"], root);
  assert.equal(code, 0, err);
  assert.match(out, expected);
});

function listed(path: string, prefix = ""): string[] {
  return [...Deno.readDirSync(path)].flatMap(({ name, isDirectory }) =>
    isDirectory ? listed(`${path}/${name}`, `${prefix}${name}/`) : [prefix + name]
  ).sort();
}
