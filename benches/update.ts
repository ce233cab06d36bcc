// One update (forward, backward, AdamW) of groups of completions: prompts computed once a group, beside each completion
// with a copy of its own, and beside an earlier build; with --sample, the sampling of the completions too.
//   npm run -s bench -- update [--before DIR] [--models 1M,9M] [--shapes 8x192x8x64,...] [--sample] [--rounds N] [--json]
// A shape is prompts x prompt tokens x completions x completion tokens. Every variant is a process that stays open; they
// take turns, so that whatever else the machine does falls on all. --before is a checkout of a build without shared
// prefixes. speed.md has results.

import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "./peers/step_timing.ts";
import { type Taken, Turns } from "./peers/turns.ts";

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    models: { type: "string", default: "1M,9M" },
    shapes: { type: "string", default: "8x192x8x64,8x24x8x48" },
    sample: { type: "boolean" },
    rounds: { type: "string", default: "7" },
    json: { type: "boolean" },
  },
});
const PROGRAM = join(import.meta.dir, "peers/update_step.ts");
const ROOT = join(import.meta.dir, "..");

interface Ready {
  parameters: number;
  /** Bytes of buffers beside weights, gradients and moments. */
  bytes: number;
  /** Tokens computed. */
  tokens: number;
}

const load = loadavg().map((value) => value.toFixed(1));
interface Row extends Ready {
  model: string;
  shape: string;
  name: string;
  seconds: number;
  cpu: number;
  /** Of its seconds over those of `shared`, of the clock and of the processor. */
  ratio: number;
  cpuRatio: number;
}
const rows: Row[] = [];
for (const model of values.models.split(",")) {
  for (const shape of values.shapes.split(",")) {
    const variants: Record<string, string[]> = {
      shared: [ROOT, "shared"],
      apart: [ROOT, "apart"],
      ...(values.before && { before: [values.before, "before"] }),
    };
    const open: Record<string, Turns<Ready>> = {};
    for (const [name, args] of Object.entries(variants)) {
      open[name] = await Turns.open<Ready>([PROGRAM, ...args, model, shape, values.sample ? "sample" : ""]);
    }
    const taken: Record<string, Taken[]> = Object.fromEntries(Object.keys(open).map((name) => [name, []]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, each] of Object.entries(open)) taken[name]!.push(await each.turn());
    }
    for (const [name, each] of Object.entries(open)) {
      const of = (key: keyof Taken) => median(taken[name]!.map((own) => own[key]));
      // The median of the rounds' own ratios: what disturbs a round falls on both.
      const over = (key: keyof Taken) =>
        median(taken[name]!.map((own, i) => own[key] / taken["shared"]![i]![key]));
      const times = { seconds: of("seconds"), cpu: of("cpu"), ratio: over("seconds"), cpuRatio: over("cpu") };
      rows.push({ model, shape, name, ...times, ...each.ready });
    }
    for (const each of Object.values(open)) each.close();
  }
}
if (values.json) console.log(JSON.stringify({ load, rows }));
else print();

function print(): void {
  const line = (cells: (string | number)[]) => console.log(`| ${cells.join(" | ")} |`);
  console.log(`Load averages before: ${load.join(", ")}\n`);
  line(["model", "shape", "variant", "s", "slower by", "cpu s", "slower by", "tokens", "MiB"]);
  line(["---", "---", "---", ...Array(6).fill("---:")]);
  for (const { model, shape, name, seconds, ratio, cpu, cpuRatio, tokens, bytes } of rows) {
    const clock = [seconds.toFixed(3), `${ratio.toFixed(2)}x`, cpu.toFixed(3), `${cpuRatio.toFixed(2)}x`];
    const cells = [...clock, tokens, (bytes / 2 ** 20).toFixed(1)];
    line([model, shape, name, ...cells]);
  }
}
