import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Random } from "./generate/expression.ts";
import { pairs } from "./generate/pairs.ts";
import { hostileInputs } from "./hostile.ts";
import { checkGold, equivalent, formatReward, limits, type PresetName, presets, verify } from "../mod.ts";
import { setting } from "./outside.ts";

const names = Object.keys(presets) as PresetName[];

/** Milliseconds of processor time of the fastest of three runs: other programs on the machine do not count. */
function fastest(run: () => void): number {
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

describe("hostile inputs", () => {
  for (const { name, gold, completion } of hostileInputs()) {
    it(`stays within fuel and 20 ms: ${name}`, () => {
      for (const preset of ["strict", "report", "ghpo", "qwen"] as const) {
        const { fuel } = verify(gold, completion, preset);
        assert.ok(fuel <= limits.fuel, `${preset} used ${fuel}`);
        let time = Infinity;
        for (let tries = 0; tries < 5 && time > 20; tries++) {
          time = fastest(() => void verify(gold, completion, preset));
        }
        assert.ok(time <= 20, `${preset} took ${time.toFixed(1)} ms`);
      }
    });
  }

  it("name the limit that was exceeded", () => {
    const limit = (completion: string, gold = "1"): string => verify(gold, completion, "report").reason;
    assert.match(limit("x".repeat(limits.text + 1)), /^limit text/);
    assert.match(limit(`\\boxed{${"7".repeat(513)}}`), /^limit digits/);
    assert.match(limit(`\\boxed{${"(".repeat(65)}1${")".repeat(65)}}`), /^limit nesting/);
    assert.match(limit("\\boxed{\\sum_{k=1}^{4000}\\sin k}"), /^limit fuel/);
  });

  it("stop at exactly the fuel limit", () => {
    assert.equal(verify("1", "\\boxed{\\sum_{k=1}^{4000}\\sin k}", "report").fuel, limits.fuel);
  });
});

const alphabet =
  ("0 1 2 3 7 9 x y e i \\pi \\frac \\sqrt \\sum \\int \\binom \\sin \\log \\left( \\right) ( ) [ ] { } \\{ \\} | ^ _ + - * / = < > , ; : ! % " +
    "\\text \\boxed $ \\\\ & \\begin{pmatrix} \\end{pmatrix} \\pm \\cup \\in \\infty ... 10^{10} #### answer \\overline . ' \ud800 \0 \u202e cm and or")
    .split(" ");

/** Random tokens, and generated answers with random cuts and insertions. */
function* mutants(random: Random): Generator<string> {
  const good = pairs(1_000_000, random.below(2 ** 31));
  while (true) {
    let text = "";
    for (let n = random.below(60); n >= 0; n--) {
      text += random.pick(alphabet) + (random.next() < 0.2 ? " " : "");
    }
    yield text;
    let base = good.next().value?.a ?? "";
    for (let n = random.below(6); n >= 0; n--) {
      const at = random.below(base.length + 1);
      base = base.slice(0, at) + (random.next() < 0.6 ? random.pick(alphabet) : "") +
        base.slice(at + random.below(4));
    }
    yield base;
  }
}

describe("fuzzing", () => {
  const seconds = setting("GHPO_FUZZ_SECONDS", 1);

  it(`never throws and stays within fuel for ${seconds} s (GHPO_FUZZ_SECONDS)`, () => {
    const random = new Random(setting("GHPO_FUZZ_SEED", 7));
    const source = mutants(random);
    const end = performance.now() + seconds * 1000;
    let [previous, runs, slowest, worst] = ["42", 0, 0, ""];
    while (performance.now() < end) {
      const text = source.next().value as string;
      const preset = names[runs % names.length]!;
      const completion = runs % 3 === 0 ? text : `\\boxed{${text}}`;
      const start = performance.now();
      const { verdict, fuel } = verify(previous, completion, preset);
      const time = performance.now() - start;
      if (time > 20) {
        const again = fastest(() => void verify(previous, completion, preset));
        if (again > slowest) [slowest, worst] = [again, `${preset}: ${previous} | ${completion}`];
      }
      assert.ok(fuel <= limits.fuel && [true, false, "undecided", null].includes(verdict));
      if (runs % 16 === 0) {
        assert.ok(typeof equivalent(text, previous) === "boolean");
        checkGold(text);
        for (const kind of ["think_answer", "think", "tag_count", "hash"] as const) {
          assert.ok(formatReward(kind, text) >= 0);
        }
      }
      previous = text;
      runs++;
    }
    assert.ok(slowest <= 20, `the slowest input took ${slowest.toFixed(1)} ms, ${worst}`);
  });
});
