// The verifier on generated completions: right, wrong, boxed and without an answer.
// Argument: how many pairs.

import process from "node:process";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { verify } from "#shared/verify/mod.ts";
import { report } from "../program.ts";

const FAMILIES = ["chain", "addition", "linear", "gcd", "product", "fraction"] as const;
const count = Number(process.argv[2] ?? 20_000);
const problems = syntheticProblems({
  families: FAMILIES,
  levels: [2, 3, 4],
  count: Math.min(count, 6000),
  seed: 1,
  split: "train",
});

const endings = [
  (answer: string) => `####${answer}`,
  (answer: string) => ` So the answer is $\\boxed{${answer}}$.`,
  () => "####-7",
  () => "",
];
const pairs = Array.from({ length: count }, (_, i) => {
  const { answer, text, trace } = problems[i % problems.length]!;
  return { gold: answer, completion: `${text}\n${trace?.text ?? ""}${endings[i % endings.length]!(answer)}` };
});

await report("pairs", () => {
  let verdicts = "";
  for (const { gold, completion } of pairs) verdicts += String(verify(gold, completion, "strict").verdict)[0];
  return { work: pairs.length, result: verdicts };
});
