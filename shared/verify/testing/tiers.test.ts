import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chosenLetter, type PresetName, verify } from "../mod.ts";
import { modularPower, totients } from "../values/modular.ts";

type Row = [string, string, true | false | "undecided", string];

const rows: Row[] = [
  ["x + y", "x + y", true, "text"],
  ["2ab + c", "c + 2ba", true, "canonical"],
  ["\\frac{1}{3}", "\\frac{2}{6}", true, "rational"],
  ["\\frac{1}{2004!}", "\\frac{1}{2006!}", false, "rational"],
  ["\\sum_{k=1}^{100} k", "5050", true, "rational"],
  ["\\int_0^1 84x\\,dx", "42", true, "rational"],
  ["(x+y)^2", "x^2 + 2xy + y^2", true, "modular"],
  ["(x+y)^2", "x^2 + y^2", false, "modular"],
  ["10^{10^{10}}", "100^{5 \\cdot 10^9}", true, "modular"],
  ["9^{9^9}", "9^{9^9}+1", false, "modular"],
  ["2^{2^{2^{100}}}", "4^{2^{2^{100}-1}}", true, "modular"],
  ["3\\sqrt{13}", "\\sqrt{117}", true, "numeric"],
  ["\\tan^2 y + 1", "\\sec^2 y", true, "numeric"],
  ["e^{\\pi\\sqrt{163}}", "262537412640768744", false, "numeric"],
  ["\\sqrt{x^2}", "x", false, "numeric"],
  ["\\sqrt{x^2}", "|x|", true, "numeric"],
  ["\\binom{n}{2}", "\\frac{n(n-1)}{2}", true, "numeric"],
  ["\\frac{1}{3}", "0.33333", true, "decimal"],
  ["\\frac{1}{3}", "0.333", false, "rational"],
  ["1", "1.0000001", false, "rational"],
  ["\\{1, 2\\}", "2, 1", true, "structure"],
  ["(1, 2)", "(2, 1)", false, "rational"],
  ["[1, \\infty)", "x \\ge 1", true, "structure"],
  ["1 \\le |z| \\le \\frac32", "[-\\frac32,-1] \\cup [1,\\frac32]", true, "structure"],
  ["\\mathbb{R} \\setminus \\{2\\}", "(-\\infty,2) \\cup (2,\\infty)", true, "structure"],
  ["2x + 4y = 3", "y = \\frac34 - \\frac{x}{2}", true, "modular"],
  ["x < 1", "-x > -1", true, "structure"],
  ["a < b", "2a < 2b", true, "numeric"],
  ["a < b", "-a < -b", false, "numeric"],
  [
    "\\begin{pmatrix}6&8\\end{pmatrix}",
    "\\begin{pmatrix}1&2\\end{pmatrix}+\\begin{pmatrix}5&6\\end{pmatrix}",
    true,
    "structure",
  ],
  ["3:4", "6:8", true, "structure"],
  ["12:00", "1:00", false, "rational"],
  ["f(2)", "f(3)", false, "numeric"],
  ["\\text{Evelyn}", "evelyn", true, "text"],
  ["5", "\\mystery{5}", "undecided", "none"],
];

describe("tiers", () => {
  for (const [gold, answer, verdict, tier] of rows) {
    it(`${gold} and ${answer}: ${verdict} by ${tier}`, () => {
      const result = verify(gold, answer, "report", { bare: true });
      assert.equal(result.verdict, verdict, result.reason);
      assert.ok(result.tier === tier, `decided by ${result.tier}: ${result.reason}`);
    });
  }
});

describe("the moduli of the fingerprints", () => {
  it("are orders of each other: a^phi(m) = 1 for a coprime to m", () => {
    for (const chain of totients) {
      for (const [i, m] of chain.slice(0, -1).entries()) {
        // primes beyond the factors of these numbers
        for (const a of [1_000_003n, 998_244_353n, 4_294_967_291n]) {
          assert.equal(modularPower(a, chain[i + 1]!, m), 1n);
        }
      }
    }
  });
});

describe("presets of benchmarks", () => {
  const graded: [PresetName, string, string, boolean][] = [
    ["hendrycks", "\\frac{1}{2}", "so \\boxed{\\dfrac12}", true],
    ["hendrycks", "\\frac{2}{4}", "\\boxed{\\frac{1}{2}}", false],
    ["minerva", "0.5", "Final Answer: The final answer is $0.5$. I hope it is correct.", true],
    ["minerva", "0.5", "The answer is 0.5", false],
    ["gsm8k", "1,234", "text\n#### 1234", true],
    ["gsm8k", "text\n#### 18", "#### 18.", true],
    ["gsm8k", "18", "18", false],
    ["dapo", "42", "Answer: 41\nAnswer: 42", true],
    ["qwen", "\\frac{1}{3}", "The answer is 0.3333", true],
    ["qwen", "(0,9)", "\\boxed{[0,9)}", true],
    ["choice", "B", "Not A. Answer: B", true],
    ["choice", "B", "Answer: C", false],
  ];
  for (const [preset, gold, completion, right] of graded) {
    it(`${preset}: ${completion.replaceAll("\n", " ")}`, () =>
      assert.equal(verify(gold, completion, preset).verdict, right));
  }

  it("choice letters are matched as written", () => {
    assert.equal(chosenLetter("Answer: c"), null);
    assert.equal(chosenLetter("It is not A, therefore I think it is B"), "B");
  });
});
