// What a reader of a score must know where the tokenizer lacks characters of the prompts.

import type { BenchmarkScore } from "#shared/schemas/evaluation.ts";

/** One sentence about a benchmark some of whose prompts the tokenizer does not know. */
export function unknownPrompts(
  { name, n, unknown_prompts, unknown_word }: Pick<
    BenchmarkScore,
    "name" | "n" | "unknown_prompts" | "unknown_word"
  >,
): string {
  return `the tokenizer does not know all characters of ${unknown_prompts} of ${n} ${name} prompts, as in ` +
    `${
      JSON.stringify(unknown_word)
    }: the model was asked another text there, so its score is not that of the benchmark`;
}
