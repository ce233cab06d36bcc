// Files of problems of our own making: four layouts, five namings of columns, solutions of one line, of steps, and
// none.

import { gzipSync } from "node:zlib";
import { syntheticProblems } from "#shared/problems/synthetic.ts";

const ROWS = Array.from({ length: 60 }, (_, i) => {
  const [boxes, pens] = [i + 2, (7 * i) % 11 + 3];
  const all = boxes * pens;
  return {
    text: `Ann has ${boxes} boxes of ${pens} pens each and gives 4 away. How many has she left?`,
    steps: [
      `She has ${boxes} * ${pens} = ${all} pens.`,
      `She gives 4 away.`,
      `She keeps ${all} - 4 = ${all - 4}.`,
    ],
    answer: all - 4,
  };
});
export const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const csv = (rows: Record<string, unknown>[]) =>
  [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(",")).join("\n");

const notes = (steps: string[]) => steps.map((step) => step.replace(/= (\d+)/, "= <<1*1=$1>>$1")).join("\n");
export const own = <T>(make: (row: typeof ROWS[number], i: number) => T): T[] => ROWS.map(make);

/** Four layouts, five namings, solutions of one line, of steps, and none. */
export const FILES: Record<
  string,
  [content: string | Uint8Array, expected: Partial<Record<"text" | "answer" | "trace", string>>]
> = {
  "gsm8k.jsonl": [lines(own((r) => ({ question: r.text, answer: `${notes(r.steps)}\n#### ${r.answer}` }))), {
    text: "question",
    answer: "",
    trace: "answer",
  }],
  "math.jsonl": [
    lines(own((r) => ({
      problem: r.text,
      solution: `${r.steps.join(" ")} So it is $\\boxed{${r.answer}}$.`,
      answer: String(r.answer),
      level: `Level ${r.answer % 5 + 1}`,
    }))),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
  "numina.json": [
    JSON.stringify(
      own((r) => ({ source: "x", problem: r.text, solution: `${r.steps.join("\n")}\n\\boxed{${r.answer}}` })),
    ),
    { text: "problem", answer: "", trace: "solution" },
  ],
  "plain.csv": [csv(own((r) => ({ question: r.text, gold: r.answer, rationale: r.steps.join("\n") }))), {
    text: "question",
    answer: "gold",
    trace: "rationale",
  }],
  "alpaca.jsonl.gz": [
    gzipSync(lines(own((r) => ({ instruction: r.text, output: `${r.steps.join(" ")}\n#### ${r.answer}` })))),
    { text: "instruction", answer: "", trace: "output" },
  ],
  "verl.json": [
    JSON.stringify(own((r) => ({
      data_source: "own",
      prompt: [{ role: "user", content: r.text }],
      reward_model: { style: "rule", ground_truth: String(r.answer) },
    }))),
    { text: "prompt.0.content", answer: "reward_model.ground_truth", trace: "" },
  ],
  "one-line.jsonl": [
    lines(own((r) => ({ query: r.text, response: `${r.steps[2]}`, final_answer: r.answer }))),
    { text: "query", answer: "final_answer", trace: "response" },
  ],
  "untraced.tsv": [own((r) => `${r.text}\t${r.answer}`).join("\n").replace(/^/, "input\ttarget\n"), {
    text: "input",
    answer: "target",
    trace: "",
  }],
  "short-solution.csv": [csv(own((r) => ({ problem: r.text, solution: r.answer }))), {
    text: "problem",
    answer: "solution",
    trace: "",
  }],
  "tagged.jsonl": [
    lines(own((r) => ({
      Problem: r.text,
      Response: `<think>\n${r.steps.join("\n")}\n</think>\n<answer>\n${r.answer}\n</answer>`,
      "Ground Truth": r.answer,
    }))),
    { text: "Problem", answer: "Ground Truth", trace: "Response" },
  ],
  "odd-names.csv": [
    csv(own((r) => ({ nr: `n${r.answer}`, aufgabe: r.text, weg: r.steps.join("\n"), loesung: r.answer }))),
    {
      text: "aufgabe",
      trace: "weg",
    },
  ],
  "question-twice.json": [
    JSON.stringify(
      own((r) => ({ problem: r.text, url: "https://own.example/x", question: r.text, answer: r.answer })),
    ),
    { text: "problem", answer: "answer", trace: "" },
  ],
  "only-answers.jsonl": [lines(own((r) => ({ problem: r.text, solution: `$\\boxed{${r.answer}}$` }))), {
    text: "problem",
    answer: "",
    trace: "solution",
  }],
  "one-long.jsonl": [
    lines(
      own((r, i) => ({
        problem: i === 9 ? r.text.repeat(60) : r.text,
        solution: r.steps.join("\n"),
        answer: r.answer,
      })),
    ),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
};

/** Rows of generated problems in the tiny model's few words. */
export function tinyRows(): string {
  const problems = syntheticProblems({
    families: ["chain", "linear"],
    levels: [2, 4],
    count: 60,
    seed: 3,
    split: "train",
  });
  return lines(
    problems.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text })),
  );
}
