// Completions of a checkpoint, for programs.

import { prepareAdapter } from "./find_driver.ts";
import { type Answer, openModel, type Prompt } from "./open_model.ts";

export interface GenerateOptions {
  /** Directory of a PEFT adapter on top of the model. */
  adapter?: string;
  /** Most new tokens of a completion (default: 64). */
  max_tokens?: number;
  /** 0 takes the most likely token (default: 1). */
  temperature?: number;
  /** Completions of each prompt (default: 1). */
  samples?: number;
  /** The same seed gives the same completions (default: 0). */
  seed?: number;
}

/**
 * Completions of some prompts: for each of them `samples` answers. A string is the user's turn of a chat.
 *
 * @throws Error with one sentence for a model that cannot be used or a prompt that is too long
 */
export async function generate(
  model: string,
  prompts: readonly (string | Prompt)[],
  options: GenerateOptions = {},
): Promise<Answer[][]> {
  const { adapter, max_tokens = 64, temperature = 1, samples = 1, seed = 0 } = options;
  await prepareAdapter();
  using opened = await openModel(model, adapter);
  const turns = prompts.map((prompt): Prompt =>
    typeof prompt === "string" ? [{ role: "user", content: prompt }] : prompt
  );
  return await opened.answer(turns, samples, { max_tokens, temperature, seed });
}
