// Whether ranks change a bit.   bun trainer/team/tools/equal.ts [--settings full,lora,...] [--ranks 1,2,4,8]
//
// With --mpirun PATH [--library PATH] on ranks of that MPI.
//
// The demo's recipe cut down to three steps, alone and on ranks of either MPI: weights, moments, state, rollouts and
// metrics (but times, memory and prefilled tokens) of each must have one digest. Exits with 1 when one has another.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { digestsOf, launcherAt, LAUNCHERS, runAlone, runRanks } from "../testing.ts";

const COMMON = [
  ...["--train.max_steps", "3", "--train.prompts_per_step", "8", "--train.shards", "8"],
  ...["--generation.num_generations", "4", "--generation.max_completion_length", "24"],
  ...["--ghpo.cold_start_steps", "0", "--ghpo.start_stage_memory", "true"],
  ...[
    "--eval.eval_every",
    "2",
    "--eval.count",
    "6",
    "--checkpoint.save_every",
    "1",
    "--checkpoint.keep",
    "0",
  ],
];
const LORA = ["--lora.r", "8"];
const SETTINGS: Record<string, string[]> = {
  full: [],
  lora: LORA,
  kl: ["--loss.beta", "0.04", "--loss.num_iterations", "2"],
  bfloat16: [...LORA, "--train.weights_dtype", "bfloat16"],
  memory: ["--train.gradient_checkpointing", "true", "--train.activations_dtype", "bfloat16"],
  guidance: ["--train.resample_rounds", "2", "--ghpo.unhinted_replicas", "2"],
  dropped: ["--ghpo.hint_loss", "dropped"],
  dr_grpo: ["--loss.loss_type", "dr_grpo"],
  dapo: ["--loss.loss_type", "dapo"],
  bnpo: ["--loss.loss_type", "bnpo"],
  cispo: ["--loss.loss_type", "cispo", "--loss.epsilon_high", "5"],
  gspo: ["--loss.loss_type", "gspo"],
  demonstrations: ["--algorithm", "sft"],
};
const SFT = [
  ...["--model", "trainer/recipes/tiny-base", "--sft.from_scratch", "false", "--sft.shards", "8"],
  ...["--sft.phases", "[{ steps = 3, learning_rate = 1e-3 }]", "--sft.examples_per_step", "32"],
  ...["--sft.micro_batch_tokens", "256", "--eval.eval_every", "2", "--eval.count", "6"],
];

const { values } = parseArgs({
  options: {
    settings: { type: "string", default: [...Object.keys(SETTINGS), "sft"].join() },
    ranks: { type: "string", default: "1,2,4,8" },
    mpirun: { type: "string" },
    library: { type: "string" },
  },
});

const launchers = values.mpirun ? [launcherAt(values.mpirun, values.library)] : LAUNCHERS;
const folder = mkdtempSync(join(tmpdir(), "ghpo-equal-"));
let different = 0;
for (const setting of values.settings.split(",")) {
  const sft = setting === "sft";
  if (!sft && !SETTINGS[setting]) {
    throw new TypeError(`Cannot compare ${setting}: use ${Object.keys(SETTINGS)}, sft`);
  }
  const words = sft ? ["sft", "tiny-sft", ...SFT] : ["train", "demo", ...COMMON, ...SETTINGS[setting]!];
  const line = (run: string) => ["trainer/main.ts", ...words, "--quiet", "--output_dir", run];
  const run = async (name: string, start: (line: string[]) => Promise<{ code: number; stderr: string }>) => {
    const path = join(folder, `${setting}-${name}`);
    const { code, stderr } = await start(line(path));
    if (code !== 0) throw new Error(`${setting} on ${name}: ${stderr}`);
    const digests = digestsOf(path);
    rmSync(path, { recursive: true });
    return digests;
  };
  const alone = await run("none", runAlone);
  const rows = { none: "-" } as Record<string, string>;
  for (const launcher of launchers) {
    if ("missing" in launcher) continue;
    for (const ranks of values.ranks.split(",").map(Number)) {
      const name = `${launcher.kind} ${ranks}`;
      const digests = await run(name.replace(/\W/g, ""), (line) => runRanks(launcher, ranks, line));
      const other = Object.keys(alone).filter((key) => digests[key] !== alone[key]);
      rows[name] = other.length === 0 ? "same" : other.join("+");
      different += other.length;
    }
  }
  console.log(setting, alone["weights"]!.slice(0, 12), JSON.stringify(rows));
}
rmSync(folder, { recursive: true });
console.log(different === 0 ? "identical" : `${different} digests differ`);
process.exit(different === 0 ? 0 : 1);
