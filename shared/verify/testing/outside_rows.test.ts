import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chosenLetter, equivalent, formatReward, hendrycksNormal, limits, verify } from "../mod.ts";
import { needs, outsideRows } from "./outside.ts";
import { latexOf } from "./sympy.ts";

type Row = {
  kind: string;
  input: string;
  expected: unknown;
  note: string;
  source: string;
  opts?: { config?: string };
};

const file = "verify-cases/aux.jsonl";
const rows = (kind: string): Row[] => outsideRows<Row>(file).filter((row) => row.kind === kind);

/** Rows that are not met, with the reason. */
const exceptions = new Map([
  ["e^{I\\pi}", "a capital I is a name here; the imaginary unit is i"],
  ['\\char"000190', "a character code of one font"],
  ["3s", "a letter right behind a number is a factor; a unit needs a space, \\text or \\mathrm"],
]);

describe("outside rows", needs(file), () => {
  it("reads LaTeX as the parse tests expect", () => {
    const wrong: string[] = [];
    for (const { input, expected } of rows("latex_parse")) {
      if (exceptions.has(input)) continue;
      if (expected === "None") {
        if (verify("1", input, "report", { bare: true }).verdict !== "undecided") {
          wrong.push(`${input} should not be read`);
        }
      } else if (!equivalent(input, latexOf(String(expected)))) {
        wrong.push(`${input} is not ${latexOf(String(expected))}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it("normalises as the benchmarks' graders", () => {
    for (const { input, expected, source } of rows("normalize")) {
      if (exceptions.has(input)) continue;
      if (source.includes("hendrycks")) assert.equal(hendrycksNormal(input), expected);
      else assert.ok(equivalent(input, String(expected)), `${input} is not ${expected}`);
    }
  });

  it("finds choice letters", () => {
    for (const { input, expected, opts } of rows("string_extraction")) {
      const strings = /strings=\('(\w)',\)/.exec(opts?.config ?? "");
      const letter = chosenLetter(input, strings === null ? ["A", "B", "C", "D"] : [strings[1]!]);
      const [lower = null, raw = null] = expected as string[];
      assert.equal(letter, raw);
      if (opts?.config !== "StringExtractionConfig(lowercase=False)") {
        assert.equal(letter?.toLowerCase() ?? null, lower);
      }
    }
  });

  it("gives the format rewards of the references", () => {
    const kinds = { think_only: "think", think_answer: "think_answer", tag_count: "tag_count" } as const;
    for (const [name, kind] of Object.entries(kinds)) {
      for (const { input, expected, note } of rows(`format_reward:${name}`)) {
        assert.equal(formatReward(kind, input), expected, note);
      }
    }
  });

  it("leaves eager operations and large constructors alone", () => {
    for (const { input, expected, note } of rows("adversarial")) {
      if (expected === "42 extracted") {
        assert.equal(verify("42", `${"reasoning ".repeat(50_000)}\\boxed{42}`, "report").extracted, "42");
      } else if (note.startsWith("completion cap")) {
        assert.match(verify("1", "x".repeat(limits.text + 1), "report").reason, /limit text/);
      } else assert.equal(verify("1", `\\boxed{${input}}`, "report").verdict, "undecided", input);
    }
  });

  it("names few exceptions", () => assert.ok(exceptions.size <= 10));
});
