// One request from its prompt to its choices: where a stop string cuts, and what can be shown while an answer grows.

import { messageOf } from "#shared/text/format.ts";
import type { Generated } from "#shared/engine/generation/requests.ts";
import type { Answer, OpenModel } from "../library/open_model.ts";
import type { Batches } from "./batches.ts";
import type { Wanted } from "./requests.ts";

export interface Choice {
  index: number;
  text: string;
  finish_reason: "stop" | "length";
  /** Of the whole answer; tokens behind a stop string are left out. */
  tokens: { text: string; logprob: number }[];
  /** Generated tokens, those behind a stop string included: what the answer has cost. */
  generated: number;
}

export interface Answered {
  choices: Choice[];
  prompt_tokens: number;
}

/** @param onText what is new of an answer, as it comes; never a part of a character or of a stop string */
export async function answer(
  model: OpenModel,
  batches: Batches,
  wanted: Wanted,
  signal: AbortSignal,
  onText?: (index: number, text: string) => void,
): Promise<Answered> {
  const prompt_tokens = encoded(model, wanted).length;
  const room = model.context.tokens - prompt_tokens;
  const max_tokens = wanted.max_tokens ?? Math.max(1, room);
  const shown: number[] = Array(wanted.n).fill(0);
  const show = (index: number, text: string, isLast: boolean) => {
    const end = isLast ? text.length : text.length - heldBack(text, wanted.stop);
    if (end <= shown[index]!) return;
    onText?.(index, text.slice(shown[index], end));
    shown[index] = end;
  };
  const onTokens = (sample: number, soFar: Generated) => {
    if (signal.aborted) return true;
    if (wanted.stop.length === 0 && onText === undefined) return;
    const text = model.tokenizer.decode(soFar.ids);
    const cut = cutOf(text, wanted.stop);
    show(sample, text.slice(0, cut), cut < text.length);
    return cut < text.length;
  };
  const { prompt, n, temperature, seed } = wanted;
  const answers = await batches.answer({ prompt, n, max_tokens, temperature, seed, onTokens });
  const choices = answers.map((each, index) => choiceOf(model, each, index, wanted.stop));
  for (const { index, text } of choices) show(index, text, true);
  return { choices, prompt_tokens };
}

/** A template may refuse what it is given, such as a system turn: that is the caller's to change. */
function encoded(model: OpenModel, { prompt }: Wanted): number[] {
  try {
    return model.encode(prompt);
  } catch (cause) {
    throw new TypeError(messageOf(cause), { cause });
  }
}

function choiceOf(model: OpenModel, each: Answer, index: number, stop: readonly string[]): Choice {
  const cut = cutOf(each.text, stop);
  const tokens: Choice["tokens"] = [];
  let length = 0;
  for (const [i, id] of each.ids.entries()) {
    if (length >= cut && cut < each.text.length) break;
    const text = model.tokenizer.decode([id]);
    tokens.push({ text, logprob: each.logprobs[i]! });
    length += text.length;
  }
  return {
    index,
    text: each.text.slice(0, cut),
    finish_reason: cut < each.text.length ? "stop" : each.finish_reason,
    tokens,
    generated: each.ids.length,
  };
}

/** Where the first stop string begins; the length of the text where none is in it. */
function cutOf(text: string, stop: readonly string[]): number {
  const places = stop.map((word) => text.indexOf(word)).filter((place) => place >= 0);
  return Math.min(text.length, ...places);
}

/** Characters at the end that may still change: of a half character, or the beginning of a stop string. */
function heldBack(text: string, stop: readonly string[]): number {
  let held = /\ufffd+$/.exec(text)?.[0].length ?? 0;
  for (const word of stop) {
    for (let length = Math.min(word.length - 1, text.length); length > held; length--) {
      if (text.endsWith(word.slice(0, length))) held = length;
    }
  }
  return held;
}
