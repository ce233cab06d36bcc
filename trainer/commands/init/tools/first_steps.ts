// From a file to ten steps: writes files of many layouts, runs init, check-data and train on each as a person would,
// and prints a table. Exit code 1 where a step fails without a sentence, or a reference solution earns less than full
// marks.
//   npm run -s ghpo -- doctor && bun trainer/commands/init/tools/first_steps.ts [--steps 10] [--shared ../shared] [NAME...]
// Flags of train make a step small: two problems, two completions of up to 24 tokens.

import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeByteModel } from "../models.testing.ts";
import { FILES, tinyRows } from "../testing.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { steps: { type: "string", default: "10" }, shared: { type: "string", default: "../shared" } },
});
const ROOT = resolve(import.meta.dir, "../../../..");
const folder = mkdtempSync(join(tmpdir(), "ghpo-first-steps-"));
const BYTES = join(folder, "model");
writeByteModel(BYTES);
mkdirSync(join(folder, "data"));

/** A row of the table. */
interface Case {
  name: string;
  path: string;
  model: string;
  flags: string[];
}

const cases: Case[] = Object.entries(FILES).map(([name, [content]]) => {
  const path = join(folder, "data", name);
  writeFileSync(path, content);
  return { name, path, model: BYTES, flags: name === "odd-names.csv" ? ["--columns", "answer=loesung"] : [] };
});
const tiny = join(folder, "data/tiny.jsonl");
writeFileSync(tiny, tinyRows());
cases.push({ name: "tiny.jsonl", path: tiny, model: join(ROOT, "trainer/recipes/tiny-base"), flags: [] });
for (const name of ["gsm8k-train.jsonl", "math500.jsonl", "svamp.json"]) {
  const path = resolve(values.shared, "data", name);
  if (existsSync(path)) cases.push({ name, path, model: BYTES, flags: [] });
  else console.error(`${path} does not exist and is left out`);
}

function ghpo(...words: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    join(ROOT, "trainer/main.ts"),
    ...words,
  ], { cwd: folder, stdin: "ignore" });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString().trim() };
}

const SMALL = ["--prompts_per_step", "2", "--num_generations", "2", "--max_completion_length", "24"];
let failures = 0;
console.log("| file | references with full marks | init | train |\n|---|---|---|---|");
for (const { name, path, model, flags } of cases) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const recipe = join(folder, name.replace(/\..*/, ".toml"));
  const init = ghpo("init", recipe, "--data", path, "--model", model, "--json", ...flags);
  const cells = [name];
  if (init.code !== 0) cells.push("", sentenceOf(init.err), "");
  else {
    const { reference, problems } = JSON.parse(ghpo("check-data", recipe, "--json").out);
    const all = reference.full === problems;
    if (!all) failures++;
    const run = ghpo("train", recipe, "--max_steps", values.steps, ...SMALL, "--eval.count", "4", "--quiet");
    const done = run.out.startsWith(`Finished after step ${values.steps} of ${values.steps}.`);
    cells.push(
      `${reference.full} of ${problems}`,
      "ok",
      done && run.code === 0 ? `${values.steps} steps` : sentenceOf(run.err),
    );
  }
  console.log(`| ${cells.join(" | ")} |`);
}
console.log(`\n${folder} holds recipes and runs.`);
process.exitCode = failures > 0 ? 1 : 0;

/** The last line of an error; what is no sentence of ours is a failure. */
function sentenceOf(text: string): string {
  const last = text.split("\n").at(-1)!;
  if (!/^error: Cannot /.test(last)) failures++;
  return last;
}
