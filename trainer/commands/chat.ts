// chat: turns with a checkpoint in the terminal, or with two side by side, each with its own history.

import { createInterface, type Interface } from "node:readline/promises";
import * as v from "valibot";
import { parseFlags } from "#shared/schemas/parse.ts";
import { name, nonNegative, numeral, positiveCount, seed } from "#shared/schemas/values.ts";
import type { ChatMessage } from "#shared/text/chat_template.ts";
import { type OpenModel, openModel } from "../library/open_model.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";

const FlagsSchema = v.strictObject({
  model: name,
  beside: v.optional(name),
  adapter: v.optional(name),
  system: v.optional(v.string(), ""),
  maxTokens: v.pipe(numeral, positiveCount),
  temperature: v.pipe(numeral, nonNegative),
  seed: v.pipe(numeral, seed),
});

const HELP = "/reset starts over, /quit ends.";

export async function chatCommand(flags: unknown): Promise<void> {
  const o = parseFlags(FlagsSchema, flags);
  const begin = (): ChatMessage[] => o.system === "" ? [] : [{ role: "system", content: o.system }];
  const paths = [o.model, ...o.beside === undefined ? [] : [o.beside]];
  const talks: { path: string; model: OpenModel; history: ChatMessage[] }[] = [];
  const interactive = process.stdin.isTTY === true;
  let terminal: Interface | undefined;
  try {
    for (const [i, path] of paths.entries()) {
      const model = await openModel(modelDirectory(path), i === 0 ? o.adapter : undefined);
      talks.push({ path, model, history: begin() });
    }
    if (interactive) console.log(HELP);
    // Not before: lines that come while nobody iterates over them are lost.
    const lines = terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: interactive,
      prompt: "> ",
    });
    const ask = () => interactive && lines.prompt();
    ask();
    for await (const line of lines) {
      const text = line.trim();
      if (text === "/quit") break;
      if (text === "/reset") { for (const talk of talks) talk.history = begin(); }
      else if (text !== "") { for (const talk of talks) await turn(talk, text, talks.length > 1, o); }
      ask();
    }
  } finally {
    terminal?.close();
    for (const { model } of talks) model.close();
  }
}

/** One turn with one model: its answer appears as it comes. */
async function turn(
  talk: { path: string; model: OpenModel; history: ChatMessage[] },
  text: string,
  named: boolean,
  { maxTokens, temperature, seed }: { maxTokens: number; temperature: number; seed: number },
): Promise<void> {
  const { model, path } = talk;
  const turns: ChatMessage[] = [...talk.history, { role: "user", content: text }];
  const room = model.context.tokens - model.encode(turns).length;
  if (room < 1) {
    console.log(
      `The chat fills the model's ${model.context.name} of ${model.context.tokens} tokens: /reset starts over`,
    );
    return;
  }
  if (named) console.log(`${path}:`);
  let shown = 0;
  const show = (answer: string) => {
    const ready = answer.replace(/\ufffd+$/, ""); // a character may still be half
    process.stdout.write(ready.slice(shown));
    shown = Math.max(shown, ready.length);
  };
  const sampling = { max_tokens: Math.min(maxTokens, room), temperature, seed };
  const [answers] = await model.answer(
    [turns],
    1,
    sampling,
    (_, __, { ids }) => show(model.tokenizer.decode(ids)),
  );
  const answer = answers![0]!;
  show(answer.text);
  console.log(answer.finish_reason === "length" ? " …" : "");
  talk.history = [...turns, { role: "assistant", content: answer.text }];
}
