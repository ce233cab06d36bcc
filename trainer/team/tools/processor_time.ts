// What two ranks cost.   bun trainer/team/tools/processor_time.ts [--pairs 3]
//
// Processor seconds of two ranks with twice the prompts, against twice those of one process, start-up apart: each is the
// difference of a run of twelve steps and one of two. Pairs are interleaved, so that other load falls on both.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LAUNCHERS, runAlone, runRanks } from "../testing.ts";

const { values } = parseArgs({ options: { pairs: { type: "string", default: "3" } } });
const folder = mkdtempSync(join(tmpdir(), "ghpo-time-"));
let runs = 0;

const line = (steps: number, prompts: number) => [
  ...["trainer/main.ts", "train", "demo", "--quiet", "--output_dir", join(folder, String(runs++))],
  ...["--train.max_steps", String(steps), "--train.prompts_per_step", String(prompts), "--train.shards", "2"],
  ...["--generation.num_generations", "8", "--generation.max_completion_length", "48"],
  ...["--ghpo.cold_start_steps", "0", "--eval.eval_every", "0"],
];

async function seconds(
  prompts: number,
  start: (line: string[]) => ReturnType<typeof runAlone>,
): Promise<number> {
  const [short, long] = [await start(line(2, prompts)), await start(line(12, prompts))];
  if (short.code !== 0 || long.code !== 0) throw new Error(short.stderr + long.stderr);
  return long.processor - short.processor;
}

const ratios: number[] = [];
for (let pair = 0; pair < Number(values.pairs); pair++) {
  const one = await seconds(32, runAlone);
  const two = await seconds(64, (line) => runRanks(LAUNCHERS[0]!, 2, line));
  ratios.push(two / (2 * one));
  console.log(JSON.stringify({ one_process: one, two_ranks: two, ratio: two / (2 * one) }));
}
rmSync(folder, { recursive: true });
console.log(`median ratio ${ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)]!.toFixed(3)}`);
