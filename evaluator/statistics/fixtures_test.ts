// The metric fixtures of lighteval (outside fixtures): the estimators, fed with verdicts as lighteval
// reaches them, give lighteval's numbers.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { presets, verify } from "#shared/verify/mod.ts";
import { sharedPath, withoutShared } from "../testing/shared_folder.ts";
import { gPassAtK, majorityAtK, meanGPassAtK, passAtK } from "./estimators.ts";

interface Row {
  kind: string;
  source: string;
  note: string;
  input: {
    params: { k: number; n?: number; thresholds?: number[] };
    choices: string[];
    gold_index: number | number[];
    texts: string[];
  };
  expected: Record<string, number>;
}

/** lighteval compares decimals at more digits than the report grader asks for. */
const lightevalLatex = { ...presets.report, rules: { ...presets.report.rules, significantDigits: 7 } };

/** Whether lighteval counts `text` as right, by the kind of metric the row was written for. */
function isRight({ source, input: { choices, gold_index } }: Row, text: string): boolean {
  const gold = choices[[gold_index].flat()[0]!]!;
  if (/letters|gpqa/.test(source)) {
    // A letter beyond the listed options is none: the "letters" rows list one option and answer B.
    const listed = [..."ABCD"].slice(0, choices.length);
    return listed.includes(gold) && verify(gold, text, "choice", { choices: listed }).verdict === true;
  }
  if (/_math\.json/.test(source)) return numeric(text) !== null && numeric(text) === numeric(gold);
  if (/latex/.test(source)) return verify(gold, text, lightevalLatex).verdict === true;
  return text.trim() === gold.trim();
}

/** lighteval's expression target reads numbers and digit-only expressions, not letters (but `2x` as text). */
function numeric(text: string): string | null {
  const trimmed = text.trim();
  if (/^-?\d+\/\d+$/.test(trimmed)) {
    const [p, q] = trimmed.split("/").map(Number) as [number, number];
    return String(p / q);
  }
  return /^-?[\d.]+$/.test(trimmed) ? String(Number(trimmed)) : trimmed === "2x" ? trimmed : null;
}

describe("metric fixtures", () => {
  const skip = withoutShared("verify-cases/aux.jsonl");
  const rows: Row[] = skip
    ? []
    : Deno.readTextFileSync(sharedPath("verify-cases/aux.jsonl")).trim().split("\n")
      .map((line) => JSON.parse(line)).filter((row) => row.kind === "metric");

  it("all 58 rows agree", { skip }, () => {
    assert.equal(rows.length, 58);
    for (const row of rows) {
      const { k, n = row.input.texts.length } = row.input.params;
      const verdicts = row.input.texts.slice(0, n).map((text) => isRight(row, text));
      const correct = verdicts.filter(Boolean).length;
      for (const [name, expected] of Object.entries(row.expected)) {
        const tau = /_(\d\.\d+)$/.exec(name)?.[1];
        const actual = name.startsWith("avg@k")
          ? passAtK(k, verdicts.slice(0, k).filter(Boolean).length, 1)
          : name.startsWith("maj@k")
          ? majorityAtK(
            row.input.texts.map((text) => ({ answer: text, correct: isRight(row, text) })),
            k,
            (a, b) => a === b,
            "first",
          )
          : tau !== undefined
          ? gPassAtK(n, correct, k, Number(tau))
          : name.includes("g-pass@")
          ? meanGPassAtK(n, correct, k)
          : passAtK(n, correct, k);
        // Some rows are written with two decimals, cut off.
        const tolerance = Math.round(expected * 100) / 100 === expected ? 0.0067 : 1e-9;
        assert.ok(
          Math.abs(actual - expected) <= tolerance,
          `${row.note}, ${name}: ${actual} is not ${expected}`,
        );
      }
    }
  });
});
