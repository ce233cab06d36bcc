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

export interface PromptStyle {
  /** System turn; "" for none, "ghpo" for the paper's. */
  system: string;
  /** Text between question and hint; "ghpo" for the paper's. */
  glue: string;
  /** Hint inside the user turn, or as the beginning of the assistant's. */
  placement: "user" | "assistant";
}

/** The system turn that a setting stands for. */
export function systemText(system: string): string {
  return system === "ghpo" ? GHPO_SYSTEM_PROMPT : system;
}

/** The text between question and hint. */
export function glueText({ glue }: Pick<PromptStyle, "glue">): string {
  return glue === "ghpo" ? GHPO_HINT_GLUE : glue;
}

/** The turns of a problem with a hint ("" for none); an assistant hint is not a turn but begins the answer. */
export function promptMessages(question: string, hint: string, style: PromptStyle): ChatMessage[] {
  const system = systemText(style.system);
  const inUser = hint !== "" && style.placement === "user";
  const user: ChatMessage = {
    role: "user",
    content: inUser ? question + glueText(style) + hint : question,
  };
  return system === "" ? [user] : [{ role: "system", content: system }, user];
}

/** The text that the model continues. */
export function renderPrompt(
  tokenizer: Tokenizer,
  question: string,
  hint: string,
  style: PromptStyle,
): string {
  const answer = style.placement === "assistant" ? hint : "";
  return tokenizer.chat(promptMessages(question, hint, style)) + answer;
}

/** The text that the model continues and its token ids. */
export function buildPrompt(
  tokenizer: Tokenizer,
  question: string,
  hint: string,
  style: PromptStyle,
): { prompt: string; prompt_ids: number[] } {
  const prompt = renderPrompt(tokenizer, question, hint, style);
  return { prompt, prompt_ids: tokenizer.encode(prompt) };
}
