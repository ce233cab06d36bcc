import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PresetName, verify } from "../mod.ts";
import { needs, outsideRows } from "./outside.ts";

type Fields = Record<string, unknown>;
type Reference = {
  file: string;
  presets: readonly PresetName[];
  pair: (row: Fields) => [gold: string, solution: string];
};

const text = (row: Fields, name: string): string => String(row[name]);
const both: readonly PresetName[] = ["strict", "report"];

/** How each benchmark stores its golds and reference solutions. SVAMP and AMC 23 have answers only. */
const references: readonly Reference[] = [
  {
    file: "gsm8k-test.jsonl",
    presets: [...both, "gsm8k"],
    pair: (row) => [text(row, "answer"), text(row, "answer")],
  },
  {
    file: "gsm8k-train.jsonl",
    presets: [...both, "gsm8k"],
    pair: (row) => [text(row, "answer"), text(row, "answer")],
  },
  {
    file: "math500.jsonl",
    presets: [...both, "hendrycks"],
    pair: (row) => [text(row, "answer"), text(row, "solution")],
  },
  { file: "aime24.jsonl", presets: both, pair: (row) => [text(row, "answer"), text(row, "solution")] },
  { file: "aime25.jsonl", presets: both, pair: (row) => [text(row, "solution"), text(row, "solution")] },
  {
    file: "minerva-math.jsonl",
    presets: both,
    pair: (row) => [text(row, "solution"), text(row, "solution")],
  },
  {
    file: "amc23.jsonl",
    presets: both,
    pair: (row) => [text(row, "answer"), `\\boxed{${text(row, "answer")}}`],
  },
  {
    file: "svamp.json",
    presets: both,
    pair: (row) => [text(row, "Answer"), `The answer is ${text(row, "Answer")}.`],
  },
];

for (const { file, presets, pair } of references) {
  describe(`reference solutions of ${file}`, needs(`data/${file}`), () => {
    for (const preset of presets) {
      it(`are all right under ${preset}`, () => {
        const wrong = outsideRows<Fields>(`data/${file}`).map(pair)
          .filter(([gold, solution]) => verify(gold, solution, preset).verdict !== true);
        assert.deepEqual(wrong.map(([gold]) => gold.slice(-80)), []);
      });
    }
  });
}
