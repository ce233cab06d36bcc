import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FAMILIES, type Family } from "#shared/schemas/recipe/data.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type Problem, ProblemSchema } from "#shared/schemas/problem.ts";
import { FAMILY_WORDS, tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { Random } from "./rng.ts";
import { checkTrace, splitOf, syntheticProblems, targetText, withStepErrors } from "./synthetic.ts";

const LEVELS = [1, 2, 3, 4, 5];

function generate(family: Family, count: number, seed = 5, split: "train" | "held_out" = "train"): Problem[] {
  return syntheticProblems({ families: [family], levels: LEVELS, count, seed, split });
}

/** Arithmetic with the usual precedence, written apart from the generators so that it can contradict them. */
function evaluate(text: string, x = NaN): number {
  let at = 0;
  const atom = (): number => {
    if (text[at] === "(") {
      at++;
      const value = sum();
      assert.equal(text[at++], ")", text);
      return value;
    }
    if (text[at] === "x") return at++, x;
    const digits = /^\d+/.exec(text.slice(at))?.[0];
    assert.ok(digits !== undefined, `no number at ${at} of ${text}`);
    at += digits.length;
    return Number(digits);
  };
  const term = (): number => {
    let value = atom();
    for (let sign = text[at]; sign === "*" || sign === "/" || sign === "%"; sign = text[at]) {
      at++;
      const right = atom();
      value = sign === "*" ? value * right : sign === "/" ? value / right : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = term();
    for (let sign = text[at]; sign === "+" || sign === "-"; sign = text[at]) {
      at++;
      value = sign === "+" ? value + term() : value - term();
    }
    return value;
  };
  const value = sum();
  assert.equal(at, text.length, `${text} goes on after ${text.slice(0, at)}`);
  return value;
}

/** Whether every `left=right` of a trace holds. */
function stepsHold(trace: string, modulus = Infinity): boolean {
  return trace.split(";").every((step) => {
    const [left, right] = step.split("=") as [string, string];
    const value = evaluate(left);
    return (modulus === Infinity ? value : value % modulus) === Number(right);
  });
}

const RIGHT: Record<Family, (question: string, answer: string, trace: string) => boolean> = {
  chain: (question, answer, trace) => evaluate(question) === Number(answer) && stepsHold(trace),
  addition: (question, answer, trace) => {
    const [a, b] = question.split("+").map(BigInt) as [bigint, bigint];
    return String(a + b) === answer && stepsHold(trace);
  },
  linear: (question, answer, trace) => {
    const [left, right] = question.split("=") as [string, string];
    const solutions = Array.from({ length: 100 }, (_, x) => x).filter((x) =>
      evaluate(left, x) === Number(right)
    );
    return solutions.length === 1 && String(solutions[0]) === answer && stepsHold(trace);
  },
  gcd: (question, answer, trace) => {
    const [a, b] = question.split(",").map(Number) as [number, number];
    let divisor = Math.min(a, b);
    while (a % divisor !== 0 || b % divisor !== 0) divisor--;
    return String(divisor) === answer && stepsHold(trace);
  },
  product: (question, answer, trace) => evaluate(question) % 23 === Number(answer) && stepsHold(trace, 23),
  fraction: (question, answer, trace) => {
    const chain = [question, ...trace.split(";")].map((f) => f.split("/").map(Number) as [number, number]);
    const [n, d] = chain.at(-1)!;
    const lowest = Array.from({ length: 39 }, (_, k) => k + 2).every((k) => n % k !== 0 || d % k !== 0);
    const equal = chain.every(([p, q]) => p * d === n * q && p <= 399 && q <= 399);
    return lowest && equal && answer === `${n}/${d}`;
  },
};

describe("syntheticProblems()", () => {
  for (const family of FAMILIES) {
    it(`${family}: 500 problems are right by independent arithmetic, with as many steps as the level`, () => {
      const problems = generate(family, 500);
      assert.equal(problems.length, 500);
      for (const problem of problems) {
        parse(ProblemSchema, problem, problem.id);
        const question = problem.text.slice(FAMILY_WORDS[family].length);
        assert.ok(RIGHT[family](question, problem.answer, problem.trace!.text), JSON.stringify(problem));
        assert.equal(problem.trace!.steps.length, problem.level);
      }
      assert.deepEqual([...new Set(problems.map((p) => p.level))].sort(), LEVELS);
      assert.equal(new Set(problems.map((p) => p.id)).size, 500);
    });
  }

  it("has the examples of its documentation", () => {
    const examples: [Family, string, string, string][] = [
      ["chain", "4+5+5-2", "4+5=9;9+5=14;14-2=12", "12"],
      ["addition", "665+588", "5+8+0=13;6+8+1=15;6+5+1=12", "1253"],
      ["linear", "x*2+3=11", "11-3=8;8/2=4", "4"],
      ["linear", "(x+3)*2=14", "14/2=7;7-3=4", "4"],
      ["gcd", "48,18", "48%18=12;18%12=6;12%6=0", "6"],
      ["product", "7*4*9", "7*4=5;5*9=22", "22"],
      ["fraction", "60/36", "30/18;15/9;5/3", "5/3"],
    ];
    for (const [family, question, trace, answer] of examples) {
      const problem = { ...blank(family), text: FAMILY_WORDS[family] + question };
      assert.equal(checkTrace(problem, `${trace}####${answer}`), true);
    }
  });

  it("is a function of the seed", () => {
    assert.deepEqual(generate("chain", 20, 3), generate("chain", 20, 3));
    assert.notDeepEqual(generate("chain", 20, 3), generate("chain", 20, 4));
  });

  it("never lets training and held-out problems meet, whatever the seeds", () => {
    const texts = (split: "train" | "held_out", seed: number) =>
      syntheticProblems({ families: FAMILIES, levels: LEVELS, count: 3000, seed, split }).map((p) => p.text);
    const held = new Set(texts("held_out", 11));
    const trained = [...texts("train", 11), ...texts("train", 12)];
    assert.ok(held.size > 2000);
    assert.deepEqual(trained.filter((text) => held.has(text)), []);
    assert.ok([...held].every((text) => splitOf(text) === "held_out"));
  });

  it("draws levels by weight, and in turn without weights", () => {
    const options = {
      families: ["linear"] as const,
      levels: [2, 4],
      count: 400,
      seed: 1,
      split: "train" as const,
    };
    const share = (problems: Problem[]) => problems.filter((p) => p.level === 4).length / problems.length;
    assert.equal(share(syntheticProblems(options)), 0.5);
    // Binomial with p = 0.75, n = 400: five standard errors are 0.11.
    assert.ok(Math.abs(share(syntheticProblems({ ...options, levelWeights: [1, 3] })) - 0.75) < 0.11);
    assert.equal(share(syntheticProblems({ ...options, levelWeights: [0, 1] })), 1);
  });

  it("repeats a used-up cell in training under new ids, and leaves it out of the held-out split", () => {
    const options = { families: ["product"] as const, levels: [1], count: 200, seed: 1 };
    const train = syntheticProblems({ ...options, split: "train" });
    const held = syntheticProblems({ ...options, split: "held_out" });
    assert.equal(train.length, 200);
    assert.equal(new Set(train.map((p) => p.id)).size, 200);
    assert.equal(new Set([...train, ...held].map((p) => p.text)).size, 64);
    assert.equal(new Set(held.map((p) => p.text)).size, held.length);
    assert.ok(held.length >= 8 && held.length <= 32);
  });

  it("stays within the tiny tokenizer's characters", () => {
    const files = tinyTokenizerFiles(256);
    const tokenizer = new Tokenizer(files.tokenizer, files.config);
    const unknown = tokenizer.id("<unk>")!;
    for (const family of FAMILIES) {
      for (const problem of generate(family, 50)) {
        const ids = tokenizer.encode(`${problem.text}\nAnswer: ${targetText(problem)}<eos>`);
        assert.ok(!ids.includes(unknown), problem.text);
        assert.ok(ids.length < 110, `${problem.text} has ${ids.length} tokens`);
      }
    }
  });
});

describe("withStepErrors()", () => {
  it("changes nothing at rate 0", () => {
    for (const problem of generate("gcd", 20)) {
      assert.deepEqual(withStepErrors(problem, new Random(1), 0), problem);
    }
  });

  for (const family of FAMILIES) {
    it(`${family}: traces go on consistently from the wrong step`, () => {
      let wrongTraces = 0;
      for (const [i, problem] of generate(family, 200).entries()) {
        const slipped = parse(ProblemSchema, withStepErrors(problem, new Random(9, i), 0.6), "slipped");
        if (slipped.trace!.text === problem.trace!.text) continue;
        wrongTraces++;
        assert.equal(checkTrace(problem, targetText(slipped)!), false);
        assertConsistent(family, slipped);
      }
      assert.ok(wrongTraces > 100, `${wrongTraces} of 200 traces were changed`);
    });
  }

  it("makes steps wrong at about the rate", () => {
    // Products never lack a wrong value, and a right step of a wrong trace is still right modulo 23.
    let wrong = 0;
    let all = 0;
    for (const [i, problem] of generate("product", 400).entries()) {
      for (const step of withStepErrors(problem, new Random(3, i), 0.3).trace!.text.split(";")) {
        all++;
        if (!stepsHold(step, 23)) wrong++;
      }
    }
    // 1200 steps: five standard errors are 0.066.
    assert.equal(all, 1200);
    assert.ok(Math.abs(wrong / all - 0.3) < 0.066, `${wrong} of ${all}`);
  });

  it("off by one: every wrong step says one too many", () => {
    let wrong = 0;
    for (const [i, problem] of generate("addition", 100).entries()) {
      const slipped = withStepErrors(problem, new Random(5, i), 0.9, "off_by_one");
      for (const step of slipped.trace!.steps) {
        const [x, y, carry, result] = step.match(/\d+/g)!.map(Number) as [number, number, number, number];
        assert.ok(result === x + y + carry || result === x + y + carry + 1, step);
        if (result !== x + y + carry) wrong++;
      }
    }
    assert.ok(wrong > 200, `${wrong} wrong steps`);
  });

  it("refuses a problem that was not generated", () => {
    assert.throws(
      () => withStepErrors({ ...blank("chain"), source: "gsm8k" }, new Random(1), 0.5),
      /source is "gsm8k"/,
    );
  });
});

describe("checkTrace()", () => {
  const problem = { ...blank("chain"), text: "Compute 4+5+5-2" };
  const right = "4+5=9;9+5=14;14-2=12####12";

  it("accepts the whole right trace only", () => {
    assert.equal(checkTrace(problem, right), true);
    assert.equal(checkTrace(problem, "4+5=9;9+5=13;13-2=11####12"), false, "lucky answer");
    assert.equal(checkTrace(problem, "9+5=14;14-2=12####12"), false, "missing step");
    assert.equal(checkTrace(problem, "9+5=14;4+5=9;14-2=12####12"), false, "wrong order");
    assert.equal(checkTrace(problem, "4+5=9;9+5=14;14-2=12####13"), false, "wrong answer");
    assert.equal(checkTrace(problem, "4+5=9;9+5=14;14-2=12"), false, "no answer");
    assert.equal(checkTrace(problem, `${right}####12`), false, "text after the answer");
  });

  it("has no opinion on other problems", () => {
    assert.equal(checkTrace({ ...problem, source: "gsm8k" }, right), null);
    assert.equal(checkTrace({ ...problem, source: "toString" }, right), null);
  });
});

function blank(family: Family): Problem {
  return { id: "p", text: FAMILY_WORDS[family] + "1", answer: "1", trace: null, level: null, source: family };
}

/** Each step takes up the result of the one before, and the answer is that of the last. */
function assertConsistent(family: Family, { trace, answer, text }: Problem): void {
  const steps = trace!.text.split(";");
  const results = steps.map((step) => step.split("=").at(-1)!);
  if (family === "addition") {
    const carries = steps.map((step) => step.split("=")[0]!.split("+")[2]);
    assert.deepEqual(carries, ["0", ...results.slice(0, -1).map((r) => Number(r) >= 10 ? "1" : "0")]);
    const digits = results.map((r, i) => i === results.length - 1 ? r : r.at(-1)!).reverse().join("");
    assert.equal(Number(answer), Number(digits), text);
  } else if (family === "gcd") {
    const pairs = steps.map((step) => step.split(/[%=]/) as [string, string, string]);
    for (let i = 1; i < pairs.length; i++) {
      assert.deepEqual(pairs[i]!.slice(0, 2), pairs[i - 1]!.slice(1), text);
    }
    assert.deepEqual([pairs.at(-1)![1], pairs.at(-1)![2]], [answer, "0"]);
  } else if (family === "fraction") {
    assert.equal(results.at(-1), answer);
  } else {
    const starts = steps.map((step) => /^\d+/.exec(step)![0]);
    assert.deepEqual(starts.slice(1), results.slice(0, -1), text);
    assert.equal(answer, results.at(-1));
    assert.ok(results.every((r) => /^\d{1,2}$/.test(r)), trace!.text);
  }
}
