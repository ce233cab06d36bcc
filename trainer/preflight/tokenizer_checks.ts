// What a tokenizer and its chat template do to prompts and solutions that training could not work with.

import { messageOf } from "#shared/text/format.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { promptMessages, renderPrompt } from "#shared/text/prompts.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { UnknownWords } from "#shared/text/unknown_words.ts";
import type { Say } from "./reference.ts";
import { targetOf } from "../loop/targets.ts";
import type { Requirements } from "./requirements.ts";

/** So many prompts are tokenised and compared with what comes back. */
const ROUND_TRIPS = 64;

/** Why hints cannot be cut at tokens: a character that the tokenizer does not give back. Each is tried once. */
export function uncutSolution(
  problems: readonly Problem[],
  tokenizer: Tokenizer,
  { cut, ratios }: Requirements,
): string | null {
  if (cut !== "token" || ratios.length === 0) return null;
  const tried = new Set<string>();
  const isCut = (text: string) => {
    try {
      return tokenizer.pieces(text).length > 0;
    } catch {
      return false;
    }
  };
  for (const { id, trace } of problems) {
    const text = trace?.text ?? "";
    // deno-lint-ignore no-control-regex -- ASCII is what is meant
    const isPlain = /^[\x00-\x7f]*$/.test(text);
    const parts = isPlain
      ? text
      : Array.from(new Intl.Segmenter("und").segment(text), ({ segment }) => segment);
    for (const part of parts) {
      if (tried.has(part)) continue;
      tried.add(part);
      if (isCut(`0${part}0`)) continue;
      return `hints cannot be cut at tokens (hint_cut), as the tokenizer does not give back ${
        JSON.stringify(part)
      } in the solution of ${id}: cut at steps, or put another character there`;
    }
  }
  return null;
}

/** Variables of prompt.chat_template_kwargs that nothing reads. */
export function unusedVariables(
  tokenizer: Tokenizer,
  { style: { chat_template, chat_template_kwargs = {} } }: Requirements,
  say: Say,
): void {
  const unused = Object.keys(chat_template_kwargs).find((name) =>
    chat_template === false || !tokenizer.asksFor(name)
  );
  if (unused === undefined) return;
  say(
    true,
    `prompt.chat_template_kwargs sets ${unused}, which ${
      chat_template === false
        ? "no prompt reads without a chat template (prompt.chat_template)"
        : "the chat template does not know"
    }`,
  );
}

/** Solutions, written as they are asked for, that the tokenizer has no tokens for. */
export function unknownInSolutions(
  problems: readonly Problem[],
  tokenizer: Tokenizer,
  { format }: Requirements,
  say: Say,
): void {
  const words = UnknownWords.of(tokenizer);
  if (!words.exist) return;
  const unknown = problems.flatMap((problem) => {
    const target = targetOf(problem, format);
    const word = target === null ? null : words.firstOf(target);
    return word === null ? [] : [{ id: problem.id, word }];
  });
  if (unknown.length === 0) return;
  const { id, word } = unknown[0]!;
  say(
    unknown.length > problems.length / 2,
    `the tokenizer has no tokens for ${unknown.length} of ${problems.length} solutions in the required form, ` +
      `as for ${JSON.stringify(word)} in that of ${id}`,
  );
}

/** What a template or a tokenizer does to prompts that training could not work with; null when nothing. */
export function templateFault(
  problems: readonly Problem[],
  tokenizer: Tokenizer,
  { style }: Requirements,
): string | null {
  const words = UnknownWords.of(tokenizer);
  const [system] = promptMessages("", "", style);
  for (const [i, { id, text }] of problems.entries()) {
    if (i >= ROUND_TRIPS && !words.exist) break;
    let rendered: string;
    try {
      rendered = renderPrompt(tokenizer, text, "", style);
    } catch (error) {
      return messageOf(error);
    }
    if (!rendered.includes(text)) return `the chat template does not show the problem ${id} as it is`;
    if (system!.role === "system" && !letters(rendered).includes(letters(system!.content))) {
      return "the chat template does not show the system turn (prompt.system): say it in prompt.user instead";
    }
    const word = words.firstOf(rendered);
    if (word !== null) {
      return `the tokenizer does not know ${
        JSON.stringify(word)
      } in the prompt of problem ${id} and would read ` +
        `${tokenizer.unkToken} instead`;
    }
    if (i >= ROUND_TRIPS) continue;
    const back = tokenizer.decode(tokenizer.encode(rendered), { special: true });
    if (letters(back) !== letters(rendered)) {
      return `the tokenizer does not give back the prompt of problem ${id} as it was`;
    }
  }
  return null;
}

const letters = (text: string) => text.normalize("NFKC").replace(/\s+/g, "");
