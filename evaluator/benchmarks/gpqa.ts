// GPQA-Diamond: 198 graduate questions with four options. The data is gated and carries a canary, so it is
// read only from the user's own copy (gpqa_diamond.csv) and questions never leave a private report.
//
// The first order of a question's options comes from its id. Repeats shift it cyclically, so that in every
// four samples the right option has stood once in each place and a liking for one letter earns just chance.

import { type Benchmark, type BenchmarkProblem, LETTERS } from "./benchmark.ts";
import { basePrompts, multipleChoice } from "../prompts.ts";
import { seedOf } from "../sample.ts";

const FILE = "gpqa_diamond.csv";

export const gpqa: Benchmark = {
  name: "gpqa",
  title: "GPQA-Diamond",
  file: {
    name: FILE,
    rows: 198,
    url: "https://huggingface.co/datasets/Idavidrein/gpqa",
    sha256: null,
    licence: "CC BY 4.0, gated: accept the terms on its page; do not publish the questions",
  },
  read: async (text) => {
    const [header, ...rows] = parseCsv(text);
    const column = (name: string): number => {
      const index = header?.indexOf(name) ?? -1;
      if (index < 0) throw new SyntaxError(`Cannot read ${FILE} as it has no column "${name}"`);
      return index;
    };
    const question = column("Question");
    const correct = column("Correct Answer");
    const wrong = [1, 2, 3].map((i) => column(`Incorrect Answer ${i}`));
    const id = header?.indexOf("Record ID") ?? -1;
    const domain = header?.indexOf("High-level domain") ?? -1;
    return await Promise.all(rows.map(async (row, i): Promise<BenchmarkProblem> => {
      const name = `gpqa/${row[id] ?? i}`;
      const options = [correct, ...wrong].map((c) => (row[c] ?? "").trim());
      if (options.includes("")) throw new SyntaxError(`Cannot read ${FILE} as row ${i + 1} lacks an option`);
      const order = await optionOrder(name);
      const orders = order.map((_, shift) => {
        const shifted = order.map((_, place) => order[(place + 4 - shift) % 4] as number);
        const listed = shifted.map((o, place) => `${LETTERS[place]}) ${options[o]}`).join("\n");
        const text = `${(row[question] ?? "").trim()}\n\n${listed}`;
        return { text, answer: LETTERS[shifted.indexOf(0)] as string };
      });
      return {
        id: name,
        ...orders[0] as { text: string; answer: string },
        orders,
        level: row[domain] ?? null,
        choices: 4,
      };
    }));
  },
  protocols: {
    "ghpo-readme": { user: multipleChoice, samples: 1 },
    "ghpo-paper": { user: multipleChoice, samples: 1 },
    qwen: { user: multipleChoice, samples: 1 },
    lighteval: { user: multipleChoice, samples: 1 },
  },
  base: basePrompts.question,
};

/**
 * First order of the four options of a question, from the hash of its own id: the same for everyone, whatever
 * else is evaluated (a shared random stream made rescoring wrong in other tools).
 */
export async function optionOrder(id: string): Promise<number[]> {
  const order = [0, 1, 2, 3];
  let state = await seedOf(`gpqa options ${id}`);
  for (let i = 3; i > 0; i--) {
    const j = state % (i + 1);
    state = Math.floor(state / (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** RFC 4180: quoted fields may hold commas, line breaks and doubled quotes. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[++i];
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push(cell), cell = "";
    else if (c === "\n") row.push(cell), rows.push(row), row = [], cell = "";
    else if (c !== "\r") cell += c;
  }
  if (cell !== "" || row.length > 0) row.push(cell), rows.push(row);
  return rows;
}
