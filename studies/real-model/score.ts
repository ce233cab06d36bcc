// bun studies/real-model/score.ts MODEL DATA.jsonl OUT.jsonl [LIMIT]
// Un-hinted greedy answers of a checkpoint to a file of problems, one line a problem, graded by the product's verifier:
// `right` asks for "#### ANSWER" as the prompt does (preset gsm8k), `lenient` takes the last number of the text.
// `format` says whether there is a "####". The texts go to OUT.jsonl.texts. Resumable: problems that OUT holds already
// are left out.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { loadModel } from "#shared/engine/model/load.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { chooseProducts } from "#shared/engine/ops/matmul/choose_products.ts";
import { checkEngine } from "#shared/engine/self_test/check_engine.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { buildPrompt } from "#shared/text/prompts.ts";
import { verify } from "#shared/verify/mod.ts";

export const SYSTEM = "Solve the problem step by step, one calculation a line. End with #### and the answer.";
const MAX_TOKENS = 120;
const BATCH = 51;

interface Row {
  id: string;
  question: string;
  answer: string;
  template: number;
}

const [model, data, out, limit = "Infinity"] = process.argv.slice(2) as [string, string, string, string?];
const lines = (file: string) => readFileSync(file, "utf8").split("\n").filter((line) => line !== "");
const known = new Set(existsSync(out) ? lines(out).map((line) => JSON.parse(line).id) : []);
const rows: Row[] = lines(data).map((line) => JSON.parse(line)).slice(0, Number(limit));
const missing = rows.filter(({ id }) => !known.has(id));

if (missing.length > 0) {
  const gpu = await openGpu(dawn());
  await checkProducts(gpu);
  await chooseProducts(gpu);
  await checkEngine(gpu, "generation");
  const tokenizer = loadTokenizer(model);
  const loaded = loadModel(gpu, model);
  const generator = new Generator(loaded);
  const style = { system: SYSTEM, glue: "", placement: "user" } as const;
  for (let start = 0; start < missing.length; start += BATCH) {
    const batch = missing.slice(start, start + BATCH);
    const answers = await generator.generate(
      batch.map(({ question }, i) => ({
        prompt_ids: buildPrompt(tokenizer, question, "", style).prompt_ids,
        samples: 1,
        key: [0, start + i] as [number, number],
      })),
      { max_tokens: MAX_TOKENS, temperature: 1, greedy: true, seed: 0, eos_ids: loaded.config.eos_token_ids },
    );
    for (const [i, { id, template, answer }] of batch.entries()) {
      const { ids, finish_reason } = answers[i]![0]!;
      const text = tokenizer.decode(ids);
      const number = text.match(/-?\d[\d,]*(?:\.\d+)?/g)?.at(-1)?.replaceAll(",", "");
      const line = {
        id,
        template,
        right: verify(answer, text, "gsm8k").verdict === true,
        lenient: number !== undefined && verify(answer, number, "strict").verdict === true,
        format: text.includes("####"),
        tokens: ids.length,
        finish_reason,
      };
      appendFileSync(out, JSON.stringify(line) + "\n");
      appendFileSync(out + ".texts", JSON.stringify({ id, text }) + "\n");
    }
    console.error(`${out}: ${known.size + start + batch.length}/${rows.length}`);
  }
  gpu.close();
}
const all: { right: boolean; lenient: boolean; tokens: number }[] = lines(out).map((line) =>
  JSON.parse(line)
);
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
console.log(
  JSON.stringify({
    out,
    problems: all.length,
    right: mean(all.map(({ right }) => Number(right))),
    lenient: mean(all.map(({ lenient }) => Number(lenient))),
    mean_tokens: mean(all.map(({ tokens }) => tokens)),
  }),
);
