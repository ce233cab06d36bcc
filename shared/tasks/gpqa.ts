// GPQA-Diamond: 198 graduate questions with four options. The data is gated and carries a canary, so it is
// read only from the user's own copy (gpqa_diamond.csv) and questions never leave a private report.
//
// The first order of a question's options comes from its id. Repeats shift it cyclically, so that in every
// four samples the right option has stood once in each place and a liking for one letter earns just chance.

import { optionalText, requiredText } from "#shared/problems/readers/rows.ts";
import type { Benchmark } from "./benchmark.ts";
import { LETTERS } from "./questions.ts";
import { choice } from "./exemplars.ts";
import { basePrompts, multipleChoice } from "./prompts.ts";
import { seedOf } from "./digest.ts";

export const gpqa: Benchmark = {
  name: "gpqa",
  title: "GPQA-Diamond",
  file: {
    name: "gpqa_diamond.csv",
    rows: 198,
    url: "https://huggingface.co/datasets/Idavidrein/gpqa",
    sha256: null,
    licence: "CC BY 4.0, gated: accept the terms on its page; do not publish the questions",
  },
  problem: async (row, index) => {
    const id = `gpqa/${optionalText(row, "Record ID") ?? index}`;
    const options = ["Correct Answer", 1, 2, 3].map((column) =>
      requiredText(row, typeof column === "number" ? `Incorrect Answer ${column}` : column).trim()
    );
    const question = requiredText(row, "Question").trim();
    const order = await optionOrder(id);
    const orders = order.map((_, shift) => {
      const shifted = order.map((_, place) => order[(place + 4 - shift) % 4] as number);
      const listed = shifted.map((o, place) => `${LETTERS[place]}) ${options[o]}`).join("\n");
      return { text: `${question}\n\n${listed}`, answer: LETTERS[shifted.indexOf(0)] as string };
    });
    return {
      id,
      ...orders[0] as { text: string; answer: string },
      orders,
      level: optionalText(row, "High-level domain"),
      choices: 4,
    };
  },
  protocols: {
    "ghpo-readme": { user: multipleChoice, samples: 1 },
    "ghpo-paper": { user: multipleChoice, samples: 1 },
    qwen: { user: multipleChoice, samples: 1 },
    lighteval: { user: multipleChoice, samples: 1 },
  },
  base: basePrompts.question,
  exemplars: choice,
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
