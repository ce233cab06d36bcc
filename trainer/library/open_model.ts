// A checkpoint ready to answer: model, tokenizer and sampling, for `generate`, `chat` and `serve`.

import { Generator } from "#shared/engine/generation/generate.ts";
import type { Generated } from "#shared/engine/generation/requests.ts";
import { openCheckpoint } from "#shared/engine/generation/open_checkpoint.ts";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { type Context, contextOf } from "#shared/engine/model/context.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { ChatMessage } from "#shared/text/chat_template.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { requireKnown } from "#shared/text/unknown_words.ts";

/** What is continued: the turns of a chat, put into the model's template, or a plain text. */
export type Prompt = readonly ChatMessage[] | { text: string };

export interface Sampling {
  /** Most new tokens of a completion. */
  max_tokens: number;
  /** 0 takes the most likely token. */
  temperature: number;
  seed: number;
}

export interface Answer {
  text: string;
  ids: number[];
  /** Natural log-probability of each token at the temperature; at temperature 0, at temperature 1. */
  logprobs: number[];
  finish_reason: "stop" | "length";
}

export interface OpenModel extends Disposable {
  readonly tokenizer: Tokenizer;
  readonly context: Context;
  encode(prompt: Prompt): number[];
  /** `samples` answers to each prompt. The same seed gives the same answers, whatever else is asked with a prompt. */
  answer(
    prompts: readonly Prompt[],
    samples: number,
    sampling: Sampling,
    /** Called as an answer grows; true ends it there. */
    onTokens?: (prompt: number, sample: number, soFar: Generated) => boolean | void,
  ): Promise<Answer[][]>;
  /** Frees the GPU. */
  close(): void;
}

/** Opens a Hugging Face directory, with a PEFT adapter merged into it where one is given. */
export async function openModel(directory: string, adapter?: string): Promise<OpenModel> {
  const tokenizer = loadTokenizer(directory);
  const gpu = await openGpu(dawn());
  const model = await openCheckpoint(gpu, directory, adapter);
  tokenizer.limit(model.config.vocab_size);
  const generator = new Generator(model);
  const context = contextOf(model.config);
  let asked = false;
  const encode = (prompt: Prompt) => {
    const text = "text" in prompt ? prompt.text : tokenizer.chat([...prompt]);
    requireKnown(tokenizer, text);
    return "text" in prompt ? tokenizer.encodePlain(text) : tokenizer.encode(text);
  };
  const answer: OpenModel["answer"] = async (
    prompts,
    samples,
    { max_tokens, temperature, seed },
    onTokens,
  ) => {
    const requests = prompts.map((prompt) => ({
      prompt_ids: requireRoom(encode(prompt), max_tokens, context),
      samples,
      key: [0, 0] as const,
    }));
    const answers = await generator.generate(requests, {
      max_tokens,
      temperature,
      greedy: temperature === 0,
      seed,
      eos_ids: model.config.eos_token_ids,
      extend: asked, // the next turn of a chat begins with the last one
      ...(onTokens && { onTokens }),
    });
    asked = true;
    return answers.map((group) => group.map((sample) => ({ ...sample, text: tokenizer.decode(sample.ids) })));
  };
  const close = () => gpu.close();
  return { tokenizer, context, encode, answer, close, [Symbol.dispose]: close };
}

function requireRoom(ids: number[], max_tokens: number, context: Context): number[] {
  if (ids.length === 0) throw new RangeError("Cannot answer as the prompt must have at least one token");
  if (ids.length + max_tokens <= context.tokens) return ids;
  throw new RangeError(
    `Cannot answer as prompt and completion must have at most ${context.tokens} tokens, the model's ${context.name}: ` +
      `current numbers are ${ids.length} and ${max_tokens}`,
  );
}
