// Gold answers of the outside data sets, read the way their benchmarks do. Development and tests only.

/** A data set file and how to get the gold answers of one of its rows. */
export type GoldFile = { file: string; golds: (row: Record<string, unknown>) => string[] };

const boxed = (solution: string): string => {
  const start = solution.lastIndexOf("\\boxed");
  let depth = 0;
  const open = solution.indexOf("{", start);
  for (let i = open; i < solution.length; i++) {
    if (solution[i] === "\\") i++;
    else if (solution[i] === "{") depth++;
    else if (solution[i] === "}" && --depth === 0) return solution.slice(open + 1, i);
  }
  return solution;
};
const last = (answer: string): string => answer.slice(answer.lastIndexOf("####") + 4).trim();

/** Every file of the data folder. */
export const goldFiles: readonly GoldFile[] = [
  { file: "aime24.jsonl", golds: (row) => [String(row.answer ?? boxed(String(row.solution)))] },
  { file: "aime25.jsonl", golds: (row) => [boxed(String(row.solution))] },
  { file: "amc23.jsonl", golds: (row) => [Number(row.answer).toFixed(1)] },
  { file: "gsm8k-test.jsonl", golds: (row) => [last(String(row.answer))] },
  { file: "gsm8k-train.jsonl", golds: (row) => [last(String(row.answer))] },
  { file: "math500.jsonl", golds: (row) => [String(row.answer)] },
  { file: "minerva-math.jsonl", golds: (row) => [boxed(String(row.solution))] },
  { file: "olympiadbench.jsonl", golds: (row) => (row.final_answer as string[]).map(String) },
  { file: "svamp.json", golds: (row) => [String(row.Answer)] },
];
