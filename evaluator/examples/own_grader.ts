// Scores a model on problems of your own with a grader of your own, against any OpenAI-compatible server:
//   deno run --allow-net own_grader.ts http://127.0.0.1:8000/v1 MODEL, or with node in a project that has @ghpo/evaluator
// The puzzle: reach 24 with four numbers. Many answers are right, so a program checks them instead of a gold answer.

import process from "node:process";
import { evaluate, table } from "@ghpo/evaluator";

const problems = [[4, 7, 8, 8], [1, 3, 4, 6], [2, 3, 5, 12]].map((numbers) => ({
  id: numbers.join("-"),
  question: `Write a sum, difference, product or quotient of ${
    numbers.join(", ")
  }, each used once, that equals 24.`,
  numbers,
}));

/** The value of +, -, *, / and parentheses; NaN for anything else. */
function valueOf(text: string): number {
  const tokens = text.match(/\d+|\S/g) ?? [];
  const atom = (): number => {
    const token = tokens.shift() ?? "";
    if (token !== "(") return /^\d+$/.test(token) ? Number(token) : NaN;
    const inner = sum();
    return tokens.shift() === ")" ? inner : NaN;
  };
  const product = (): number => {
    let value = atom();
    while (/^[*/]$/.test(tokens[0] ?? "")) tokens.shift() === "*" ? value *= atom() : value /= atom();
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (/^[+-]$/.test(tokens[0] ?? "")) tokens.shift() === "+" ? value += product() : value -= product();
    return value;
  };
  const value = sum();
  return tokens.length === 0 ? value : NaN;
}

function reaches24({ numbers }: { numbers: number[] }, completion: string) {
  const answer = completion.trim().split("\n").at(-1)?.split("=")[0]?.trim() || null;
  const used = (answer?.match(/\d+/g) ?? []).map(Number).sort((a, b) => a - b);
  const complete = used.join() === numbers.toSorted((a, b) => a - b).join();
  const correct = complete && Math.abs(valueOf(answer ?? "") - 24) < 1e-9;
  return { correct, answer, reason: complete ? "its value" : "other numbers" };
}

const [endpoint = "", model = ""] = process.argv.slice(2);
const result = await evaluate(
  { endpoint, model, apiKey: process.env["OPENAI_API_KEY"] ?? "" },
  [{ name: "game-of-24", problems, grader: reaches24, samples: 4, sampling: { max_tokens: 512 } }],
  {
    onProgress: ({ done, total }) => console.error(`${done}/${total}`),
    signal: AbortSignal.timeout(600_000),
  },
);
console.log(table(result));
for (const { problem_id, verdict, extracted } of result.rows) console.log(problem_id, verdict, extracted);
