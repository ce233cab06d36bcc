// Checkpoints that must not be scored in silence: prompts that their tokenizer cannot read, protocols that do not fit,
// ruined weights.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { evaluate, evaluationFolder, results } from "../testing/evaluate_command.ts";
import { ruinWeights } from "../testing/nan_checkpoint.ts";
import { makeTinyCheckpoint } from "../testing/tiny_checkpoint.ts";

const folder = evaluationFolder();
let checkpoint: string;
before(async () => {
  checkpoint = await makeTinyCheckpoint(1);
});
after(() => Deno.removeSync(checkpoint, { recursive: true }));

describe("prompts that the tokenizer cannot read whole", () => {
  const model = fileURLToPath(import.meta.resolve("../../trainer/recipes/tiny-base"));
  const questions = ["Compute 3+4", "Où 3+4", "Compute 5+6", "5×6"];

  it("are counted per benchmark, said aloud, and still counted when the journal is scored again", async () => {
    const rows = questions.map((question, i) => JSON.stringify({ id: `${i}`, question, answer: "7" }));
    Deno.writeTextFileSync(`${folder}/words.jsonl`, rows.join("\n"));
    Deno.writeTextFileSync(
      `${folder}/words.toml`,
      'name = "words"\nfiles = ["words.jsonl"]\nmax_tokens = 8\n',
    );
    const out = `${folder}/words.json`;
    const asked = ["--benchmarks", `${folder}/words.toml`];
    const first = await evaluate("--model", model, ...asked, "--out", out);
    assert.equal(first.code, 0, first.stderr);
    const warning =
      /^WARNING: the tokenizer does not know all characters of 2 of 4 words prompts, as in "Où": the model was asked another text there/m;
    assert.match(first.stderr, warning);
    const again = await evaluate("--completions", `${folder}/words.journal.jsonl`, ...asked, "--json");
    assert.match(again.stderr, warning);
    const scores = [results(out), JSON.parse(again.stdout)].map(({ benchmarks: [words] }) => words);
    for (const { unknown_prompts, unknown_word } of scores) {
      assert.deepEqual([unknown_prompts, unknown_word], [2, "Où"]);
    }
  });

  it("are refused by generate", async () => {
    const { code, stderr } = await evaluate("generate", "--model", model, "--prompt", "Où");
    assert.equal(code, 1);
    assert.match(stderr, /^error: Cannot continue the prompt as the tokenizer does not know "Où" in it/m);
  });
});

describe("checkpoints", () => {
  it("are asked by a default protocol that fits them, and another that does not is refused before they are loaded", async () => {
    const flags = ["--model", checkpoint, "--benchmarks", "gsm8k", "--data", folder, "--limit", "1"];
    assert.match(
      (await evaluate(...flags, "--dry-run")).stdout,
      /"temperature":0,"top_p":1,"max_tokens":4096/,
    );
    const refused = await evaluate(...flags, "--preset", "ghpo-readme");
    assert.match(
      refused.stderr,
      /top_p must be 1: current value is 0.95; pass --top-p 1, or --preset ghpo-paper\n$/,
    );
    const endpoint = await evaluate(...flags, "--endpoint", "http://x/v1", "--dry-run");
    assert.match(endpoint.stdout, /"temperature":0.01,"top_p":0.95/);
  });

  it("with NaN among their weights, or weights that overflow, are an error, not a score of 0", async () => {
    const ruined = `${folder}/ruined`;
    Deno.mkdirSync(ruined);
    for (const { name } of Deno.readDirSync(checkpoint)) {
      Deno.copyFileSync(`${checkpoint}/${name}`, `${ruined}/${name}`);
    }
    const cases: [number, RegExp][] = [
      [NaN, /Cannot load tensor .* as its numbers must be finite: current number is NaN/],
      [3e38, /its log-probabilities must be finite: current value is NaN; its weights hold NaN or overflow/],
    ];
    for (const [value, says] of cases) {
      ruinWeights(`${ruined}/model.safetensors`, value);
      const { code, stdout, stderr } = await evaluate(
        "--model",
        ruined,
        "--benchmarks",
        "chain",
        "--per-level",
        "1",
      );
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, says);
    }
  });
});
