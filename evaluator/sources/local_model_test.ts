// The engine on Deno's WebGPU: the reference's greedy text, and the same text as the trainer's Bun and Dawn.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endOf } from "../scoring/graded_text.ts";
import { openLocalModel } from "./local_model.ts";
import { sharedPath, withoutShared } from "../testing/shared_folder.ts";

const root = fileURLToPath(import.meta.resolve("../.."));
const bun = `${root}.cache/tools/node_modules/bun/bin/bun.exe`;
const stories = "models/stories260k";

/** Runs `generate` of the trainer (Bun) or of the evaluator (Deno) and returns its object. */
async function generate(program: string, args: string[], model: string, prompt: string[], env = {}) {
  const options = ["--model", model, ...prompt, "--max-tokens", "40", "--greedy", "--json"];
  const command = new Deno.Command(program, {
    args: [...args, "generate", ...options],
    cwd: root,
    env,
    stderr: "null",
  });
  const { code, stdout } = await command.output();
  assert.equal(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout)) as { ids: number[]; text: string; logprobs: number[] };
}

describe("checkpoints in Deno", () => {
  it(
    "stories260K continues BOS as transformers does, 200 ids",
    { skip: withoutShared(stories) },
    async () => {
      const { greedy_ids } = JSON.parse(await Deno.readTextFile(sharedPath(`${stories}/reference.json`)));
      const model = await openLocalModel(sharedPath(stories));
      const request = { prompt_ids: [1], samples: 1, key: [0, 0] as [number, number] };
      const options = { max_tokens: 200, temperature: 0, seed: 0, stop: [] };
      const [[generated] = []] = await model.generate([request], options);
      model.close();
      assert.deepEqual(Array.from(generated!.ids), greedy_ids.slice(1));
    },
  );

  it("ends answers at stop strings, with the text that is graded and the other answers as they were", async () => {
    const model = await openLocalModel(`${root}trainer/recipes/tiny-base`);
    const requests = ["Compute 14+5-2+9", "Compute 3+4", "Add 12+7"].map((content, i) => ({
      prompt_ids: model.encode({ messages: [{ role: "user", content }] }),
      samples: 4,
      key: [0, i] as [number, number],
    }));
    const sampled = async (stop: string[]) => {
      const options = { max_tokens: 60, temperature: 1, seed: 3, stop };
      return (await model.generate(requests, options)).flat();
    };
    const whole = await sampled([]);
    const stop = ["", "=26", ";1"];
    const ended = await sampled(stop);
    const texts = whole.map(({ ids }) => model.decode(ids));
    const cuts = texts.map((text) => endOf(text, stop) < text.length);
    assert.ok(cuts.includes(true) && cuts.includes(false), texts.join("\n"));
    for (const [i, own] of ended.entries()) {
      const text = model.decode(own.ids);
      assert.equal(text.slice(0, endOf(text, stop)), texts[i]!.slice(0, endOf(texts[i]!, stop)));
      if (!cuts[i]) assert.deepEqual(own, whole[i]);
      else {
        assert.deepEqual(own.ids, Array.from(whole[i]!.ids).slice(0, own.ids.length));
        assert.equal(own.finish_reason, "stop");
        const before = model.decode(Array.from(own.ids).slice(0, -1));
        assert.equal(endOf(before, stop), before.length, "the last token completes the stop string");
      }
    }
    model.close();
  });

  const ids = ["--prompt-ids", "5,6,7"];
  const models: [path: string, prompt: string[]][] = [
    ["shared/engine/model/fixtures/llama", ids],
    ["shared/engine/model/fixtures/qwen2", ids],
    ["shared/engine/model/fixtures/qwen3", ids],
    ["trainer/recipes/tiny-base", ["--prompt", "Compute 14+5-2+9"]],
  ];
  for (const [path, prompt] of models) {
    it(`${path} generates the same text in Deno as in Bun`, {
      skip: existsSync(bun) ? false : "Bun is not installed in .cache/tools",
    }, async () => {
      const model = root + path;
      const inBun = await generate(bun, ["trainer/main.ts"], model, prompt);
      const permissions = [
        "--no-prompt",
        "--no-check",
        "--allow-read",
        "--allow-env=GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE",
      ];
      const inDeno = await generate(
        Deno.execPath(),
        ["run", ...permissions, "evaluator/main.ts"],
        model,
        prompt,
      );
      assert.deepEqual([inDeno.ids, inDeno.text], [inBun.ids, inBun.text]);
      assert.equal(inDeno.logprobs.length, inDeno.ids.length);
      inDeno.logprobs.forEach((logprob, i) => assert.ok(Math.abs(logprob - inBun.logprobs[i]!) < 1e-5));
    });
  }

  it("runs on Dawn when GHPO_DAWN=1 asks for it, and only with the permission to load it", async () => {
    const [path, prompt] = models.at(-1)!;
    const args = (ffi: string[]) => [
      ...["run", "--no-prompt", "--no-check", "--allow-read", ...ffi],
      "--allow-env=GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE",
      "evaluator/main.ts",
    ];
    const env = { GHPO_DAWN: "1" };
    const allowed = args([`--allow-ffi=${root}node_modules/webgpu`]);
    const onDawn = await generate(Deno.execPath(), allowed, root + path, prompt, env);
    const onOwn = await generate(Deno.execPath(), args([]), root + path, prompt);
    assert.deepEqual([onDawn.ids, onDawn.text], [onOwn.ids, onOwn.text]);
    await assert.rejects(() => generate(Deno.execPath(), args([]), root + path, prompt, env));
  });

  it("chooses kernels on hardware though it may neither read nor write what was measured", async () => {
    const program = `
      import { openLocalModel } from "./evaluator/sources/local_model.ts";
      const model = await openLocalModel("shared/engine/model/fixtures/llama", { profile: "gpu" });
      console.log(model.engine.kernels);
      model.close();`;
    const readable = ["evaluator", "shared", "node_modules", "package.json"].map((name) => root + name);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", `--allow-read=${readable}`, "--allow-env=GHPO_DAWN", "-"],
      cwd: root,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(program));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.match(new TextDecoder().decode(stdout), /^base(, products workgroup)?\n$/);
  });

  it("names what a directory lacks", async () => {
    const empty = Deno.makeTempDirSync();
    await assert.rejects(
      () => openLocalModel(empty),
      /Cannot read .* as it holds neither a model \(config.json\) nor/,
    );
    Deno.removeSync(empty);
    await assert.rejects(() => openLocalModel("/nowhere"), /Cannot read \/nowhere/);
  });
});
