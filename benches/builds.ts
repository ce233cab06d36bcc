// This build and an earlier one, part by part: what a change costs.
//   npm run -s bench -- builds --before DIR [--parts step,update,decode,row,verify,startup] [--rounds 9] [--json]
// DIR is a checkout of the earlier build with its packages installed. The builds take turns, in another order every
// round, and a ratio is the median of the rounds' own ratios (now over before): what disturbs a round falls on both.
//   step     sampling 64 completions of 48 tokens of 8 prompts, forward, backward, AdamW (1 M parameters)
//   update   the same without the sampling
//   decode   the sampling alone
//   row      one completion of 128 tokens
//   verify   5,000 typical pairs
//   startup  a process that opens the demo's model and takes two small steps, without the driver's shader cache

import { loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { quantile } from "#shared/statistics.ts";
import { type Taken, Turns } from "./peers/turns.ts";

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    parts: { type: "string", default: "step,update,decode,row,verify,startup" },
    rounds: { type: "string", default: "9" },
    json: { type: "boolean" },
  },
});
const { before } = values;
if (before === undefined) {
  throw new TypeError("Cannot compare builds as --before must name the earlier one's folder");
}
const BUILDS = { before, now: join(import.meta.dir, "..") };
type Build = keyof typeof BUILDS;

const group = (mode: string, shape: string) => async (build: Build) => {
  const variant = build === "before" ? "before" : "shared";
  const program = join(import.meta.dir, "peers/update_step.ts");
  return await opened([program, BUILDS[build], variant, "1M", shape, mode]);
};
const PARTS: Record<string, (build: Build) => Promise<Part>> = {
  step: group("sample", "8x24x8x48"),
  update: group("", "8x24x8x48"),
  decode: group("decode", "8x24x8x48"),
  row: group("decode", "1x24x1x128"),
  verify: (build) => opened([join(import.meta.dir, "peers/verify_build.ts"), BUILDS[build]]),
  startup: (build) => Promise.resolve({ turn: () => startup(build), close: () => {} }),
};

interface Part {
  turn(): Promise<Taken>;
  close(): void;
}

async function opened(args: string[]): Promise<Part> {
  return await Turns.open(args);
}

/** A whole process: the benches of either build have such a program. */
function startup(build: Build): Promise<Taken> {
  const program = join(BUILDS[build], "benches/startup.ts");
  const began = performance.now();
  const { exitCode, stderr, resourceUsage } = Bun.spawnSync([process.execPath, program, "--child"], {
    cwd: BUILDS[build],
    env: { ...process.env, MESA_SHADER_CACHE_DISABLE: "true" },
    stderr: "pipe",
  });
  const seconds = (performance.now() - began) / 1000;
  if (exitCode !== 0) throw new Error(`Cannot start the build ${build}: ${stderr.toString().slice(-2000)}`);
  return Promise.resolve({ seconds, cpu: Number(resourceUsage!.cpuTime.total) / 1e6 });
}

const load = loadavg().map((value) => value.toFixed(1));
const rows = [];
for (const name of values.parts.split(",")) {
  const open = PARTS[name];
  if (!open) throw new TypeError(`Cannot time the part ${name} as there is none: use ${Object.keys(PARTS)}`);
  const parts = { before: await open("before"), now: await open("now") };
  const taken: Record<Build, Taken[]> = { before: [], now: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    const order: Build[] = round % 2 === 0 ? ["before", "now"] : ["now", "before"];
    for (const build of order) taken[build].push(await parts[build].turn());
  }
  parts.before.close();
  parts.now.close();
  const at = (numbers: number[], q = 0.5) => quantile(numbers.toSorted((a, b) => a - b), q);
  const ratios = (key: keyof Taken) => taken.now.map((own, i) => own[key] / taken.before[i]![key]);
  rows.push({
    part: name,
    before_s: at(taken.before.map(({ seconds }) => seconds)),
    now_s: at(taken.now.map(({ seconds }) => seconds)),
    ratio: at(ratios("seconds")),
    ratio_quartiles: [at(ratios("seconds"), 0.25), at(ratios("seconds"), 0.75)],
    cpu_ratio: at(ratios("cpu")),
  });
}
if (values.json) console.log(JSON.stringify({ load, rounds: Number(values.rounds), rows }));
else {
  console.log(`Load averages before: ${load.join(", ")}\n`);
  console.log("| part | before s | now s | now / before | quartiles | of processor time |");
  console.log("|---|---:|---:|---:|---:|---:|");
  for (const { part, before_s, now_s, ratio, ratio_quartiles: [low, high], cpu_ratio } of rows) {
    const quartiles = `${low!.toFixed(3)}–${high!.toFixed(3)}`;
    const cells = [
      part,
      before_s.toFixed(3),
      now_s.toFixed(3),
      ratio.toFixed(3),
      quartiles,
      cpu_ratio.toFixed(3),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
