// Speed of the verifier on typical answers, and of Python's math-verify on the same pairs when it is there.
//   npm run -s bench -- verify [--json] [--python PATH-OF-A-PYTHON-WITH-MATH-VERIFY]

import { type Pair, typicalPairs } from "./peers/verify_pairs.ts";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { verify } from "#shared/verify/mod.ts";

/** `per_second`: pairs per second of processor time, so that other programs on the machine do not count. */
type Figures = {
  pairs: number;
  right: number;
  per_second: number;
  median_ms: number;
  p99_ms: number;
  max_ms: number;
};

function summary(times: number[], right: number, seconds: number): Figures {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return {
    pairs: times.length,
    right,
    per_second: Math.round(times.length / seconds),
    median_ms: at(0.5),
    p99_ms: at(0.99),
    max_ms: at(1),
  };
}

function ours(pairs: readonly Pair[]): Figures {
  for (const { gold, completion } of pairs.slice(0, 2000)) verify(gold, completion, "strict");
  const times: number[] = [];
  let right = 0;
  const before = process.cpuUsage();
  for (const { gold, completion } of pairs) {
    const start = performance.now();
    if (verify(gold, completion, "strict").verdict === true) right++;
    times.push(performance.now() - start);
  }
  const { user, system } = process.cpuUsage(before);
  return summary(times, right, (user + system) / 1e6);
}

const peer = `
import json, sys, time
from math_verify import parse, verify
for line in open(sys.argv[1]):
    row = json.loads(line)
    start, spent = time.perf_counter(), time.process_time()
    try:
        equal = bool(verify(parse("$" + row["gold"] + "$"), parse(row["completion"])))
    except Exception:
        equal = False
    print(json.dumps([equal, (time.perf_counter() - start) * 1000, time.process_time() - spent]))
`;

function mathVerify(python: string, pairs: readonly Pair[]): Figures | string {
  const folder = mkdtempSync(join(tmpdir(), "verify-bench-"));
  try {
    const file = join(folder, "pairs.jsonl");
    writeFileSync(file, pairs.map((pair) => JSON.stringify(pair)).join("\n"));
    const run = spawnSync(python, ["-c", peer, file], { encoding: "utf8", maxBuffer: 1 << 26 });
    if (run.status !== 0) {
      return `math-verify did not run: ${(run.stderr || String(run.error)).trim().split("\n").at(-1)}`;
    }
    const rows = run.stdout.trim().split("\n").map((line) => JSON.parse(line) as [boolean, number, number]);
    const seconds = rows.reduce((sum, row) => sum + row[2], 0);
    return summary(rows.map(([, time]) => time), rows.filter(([equal]) => equal).length, seconds);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { json: { type: "boolean", default: false }, python: { type: "string", default: "python3" } },
});
const pairs = typicalPairs(20_000);
const verifier = ours(pairs);
const peerFigures = mathVerify(values.python, pairs.slice(0, 1000));
const ratio = typeof peerFigures === "string" ? null : verifier.per_second / peerFigures.per_second;
if (values.json) console.log(JSON.stringify({ verifier, math_verify: peerFigures, ratio }));
else {
  console.log("verifier   ", verifier);
  console.log("math-verify", peerFigures);
  if (ratio !== null) console.log(`${ratio.toFixed(0)} times as many pairs a second`);
}
