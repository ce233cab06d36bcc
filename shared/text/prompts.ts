// How a problem becomes a prompt: system turn, user turn, and where a hint goes.
// The two strings are byte for byte those of the released GHPO code (recipes and ghpo_trainer.py).

import type { ChatMessage } from "./chat_template.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** System prompt of the paper, in training and in evaluation. */
export const GHPO_SYSTEM_PROMPT =
  "You are a helpful AI Assistant that provides well-reasoned and detailed responses. You first think about the " +
  "reasoning process as an internal monologue and then provide the user with the answer. Respond in the following " +
  "format: <think>\n...\n</think>\n<answer>\n...\n</answer>";

/** The paper's sentence between question and hint; the space after the first newline is theirs. */
export const GHPO_HINT_GLUE =
  "\n The following text is the beginning part of the answer, which you can refer to for solving the problem:\n";

/** How a recipe shows its problems, hints apart. */
export interface PromptOptions {
  /** System turn; "" for none, "ghpo" for the paper's. */
  system: string;
  /** The user's turn, with {question} where the problem stands; the problem alone unless given. */
  user?: string;
  /** False: plain text without the model's chat template, as base models continue it. */
  chat_template?: boolean;
  /** What the chat template is told besides, such as enable_thinking. */
  chat_template_kwargs?: Record<string, unknown>;
}

export interface PromptStyle extends PromptOptions {
  /** Text between question and hint; "ghpo" for the paper's. */
  glue: string;
  /** Hint inside the user turn, or as the beginning of the assistant's. */
  placement: "user" | "assistant";
}

/** The system turn that a setting stands for. */
function systemText(system: string): string {
  return system === "ghpo" ? GHPO_SYSTEM_PROMPT : system;
}

/** The text between question and hint. */
export function glueText({ glue }: Pick<PromptStyle, "glue">): string {
  return glue === "ghpo" ? GHPO_HINT_GLUE : glue;
}

/** The words around a problem: system turn and user's turn. */
export function wordsOf({ system, user = QUESTION }: PromptOptions): string {
  return `${systemText(system)}\n${user}`;
}

/** Stands for the problem in `prompt.user`. */
const QUESTION = "{question}";

function userText(question: string, hint: string, style: PromptStyle): string {
  const content = hint !== "" && style.placement === "user" ? question + glueText(style) + hint : question;
  // Not replace() by a text, in which "$&" would mean something.
  return style.user === undefined ? content : style.user.replace(QUESTION, () => content);
}

/** The turns of a problem with a hint ("" for none); an assistant hint is not a turn but begins the answer. */
export function promptMessages(question: string, hint: string, style: PromptStyle): ChatMessage[] {
  const system = systemText(style.system);
  const user: ChatMessage = { role: "user", content: userText(question, hint, style) };
  return system === "" ? [user] : [{ role: "system", content: system }, user];
}

/** The text that the model continues. */
export function renderPrompt(
  tokenizer: Tokenizer,
  question: string,
  hint: string,
  style: PromptStyle,
): string {
  const messages = promptMessages(question, hint, style);
  const text = style.chat_template === false
    ? messages.map(({ content }) => content).join("\n\n")
    : tokenizer.chat(messages, style.chat_template_kwargs);
  return style.placement === "assistant" ? text + hint : text;
}

/** The text that the model continues and its token ids. */
export function buildPrompt(
  tokenizer: Tokenizer,
  question: string,
  hint: string,
  style: PromptStyle,
): { prompt: string; prompt_ids: number[] } {
  const prompt = renderPrompt(tokenizer, question, hint, style);
  const isPlain = style.chat_template === false;
  return { prompt, prompt_ids: isPlain ? tokenizer.encodePlain(prompt) : tokenizer.encode(prompt) };
}

/**
 * What the chat template itself begins an answer with: "<think>" with the white space behind it, of templates of
 * reasoning models, or "". It belongs to the answer, but not to what is generated.
 */
export function answerBeginning(tokenizer: Tokenizer, style: PromptOptions): string {
  if (style.chat_template === false) return "";
  const prompt = tokenizer.chat([{ role: "user", content: "." }], style.chat_template_kwargs);
  return /<think>\s*$/.exec(prompt)?.[0] ?? "";
}
