// Kills ranks at many random moments.   bun trainer/team/tools/kill_ranks.ts [--kills 50]
//
// One rank of a run is killed with SIGKILL, and the run continues from its last checkpoint on another number of ranks
// under the other MPI, or alone, again and again until it is done; then the next run begins. Each must end with the bytes
// of a run that nobody disturbed. The last line is the report; exits with 1 when a digest differs or a process is left.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { digestsOf, LAUNCHERS, missing, runAlone, runRanks } from "../testing.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "50" } } });
const wanted = Number(values.kills);
const SETTINGS = [
  ...["--train.max_steps", "10", "--train.prompts_per_step", "8", "--train.shards", "8"],
  ...["--generation.num_generations", "4", "--generation.max_completion_length", "24"],
  ...["--ghpo.cold_start_steps", "0", "--ghpo.start_stage_memory", "true"],
  ...["--eval.eval_every", "0", "--checkpoint.save_every", "1", "--checkpoint.keep", "2"],
];
const launchers = LAUNCHERS.filter((launcher) => missing(launcher) === false);
if (launchers.length === 0) throw new Error(String(missing(LAUNCHERS[0]!)));

const line = (run: string, ...more: string[]) => [
  ...["trainer/main.ts", "train", "demo", "--quiet", "--output_dir", run],
  ...[...SETTINGS, ...more],
];
const folder = mkdtempSync(join(tmpdir(), "ghpo-kills-"));
const whole = join(folder, "whole");
const { code, stderr, seconds } = await runAlone(line(whole));
if (code !== 0) throw new Error(`Cannot make the undisturbed run: ${stderr}`);
const expected = digestsOf(whole);

const report = { kills: 0, changes: 0, runs: 0, identical: 0, orphans: 0 };
let run = join(folder, "run");
let place = "";
let kept = false;
while (report.kills < wanted || existsSync(run)) {
  const ranks = [1, 2, 4, 8][Math.floor(Math.random() * 4)]!;
  const launcher = launchers[(report.kills + report.runs) % launchers.length]!;
  const here = `${"kind" in launcher ? launcher.kind : ""} ${ranks}`;
  if (place !== "" && place !== here) report.changes++;
  place = here;
  let killed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ended = await runRanks(launcher, ranks, line(run, "--resume"), {}, (processes) => {
    if (report.kills >= wanted) return;
    timer = setTimeout(() => {
      const pids = processes("RANK=").filter((pid) => pid !== process.pid);
      const pid = pids[Math.floor(Math.random() * pids.length)];
      if (pid === undefined) return;
      killed = true;
      process.kill(pid, "SIGKILL");
    }, Math.random() * 1500 * seconds * (1 + ranks / 4));
  });
  clearTimeout(timer);
  report.orphans += ended.orphans;
  if (killed && ended.code !== 0) {
    report.kills++;
    if (report.kills % 10 === 0) console.error(JSON.stringify(report));
    continue;
  }
  if (ended.code !== 0) throw new Error(`A resume failed on ${here}: ${ended.stderr}`);
  report.runs++;
  const digests = digestsOf(run);
  const other = Object.keys(expected).filter((key) => digests[key] !== expected[key]);
  if (other.length > 0) {
    console.error(`${other.join(", ")} of ${run} differ from ${whole}; both are kept`);
    kept = true;
  } else {
    report.identical++;
    rmSync(run, { recursive: true });
  }
  run = join(folder, `run${report.runs}`);
}
if (!kept) rmSync(folder, { recursive: true });
console.log(JSON.stringify(report));
process.exit(report.identical === report.runs && report.orphans === 0 ? 0 : 1);
