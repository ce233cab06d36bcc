// Chat messages to text by the model's own Jinja template, as transformers' apply_chat_template does it.

import { Template } from "@huggingface/jinja";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export type ChatTemplate = (
  messages: readonly ChatMessage[],
  options: { addGenerationPrompt: boolean; variables?: Record<string, unknown> },
) => string;

/** Tokens that templates refer to by name. */
export type TemplateTokens = Record<"bos_token" | "eos_token" | "pad_token" | "unk_token", string>;

/**
 * A template ready to render. A missing one (null) is an error only when it is used: a model can be loaded and
 * given token ids without it.
 */
export function chatTemplate(source: string | null, tokens: TemplateTokens): ChatTemplate {
  let template: Template | undefined;
  return (messages, { addGenerationPrompt, variables = {} }) => {
    if (source === null) {
      throw new TypeError(
        "Cannot build a chat prompt as the tokenizer has no chat template: " +
          'add "chat_template" to tokenizer_config.json or a file chat_template.jinja',
      );
    }
    try {
      if (template === undefined) {
        template = new Template(source);
        redirectStrips(template.parsed);
      }
      return template.render({
        messages,
        add_generation_prompt: addGenerationPrompt,
        ...variables,
        ...tokens,
        ...STRIPS,
      });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Cannot build a chat prompt as the chat template failed: ${reason}`, { cause });
    }
  };
}

// Python strips characters of a set, as Qwen3's template does around <think>; @huggingface/jinja 0.5.11 ignores the set
// and strips white space. So calls with an argument, x.lstrip("\n"), become calls of these, _lstrip(x, "\n").
const STRIPS: Record<string, (text: string, characters: string) => string> = {
  _strip: (text, characters) => STRIPS._rstrip!(STRIPS._lstrip!(text, characters), characters),
  _lstrip: (text, characters) => {
    const all = [...text];
    const first = all.findIndex((character) => !characters.includes(character));
    return first === -1 ? "" : all.slice(first).join("");
  },
  _rstrip: (text, characters) => {
    const all = [...text];
    return all.slice(0, all.findLastIndex((character) => !characters.includes(character)) + 1).join("");
  },
};

/** Changes the nodes of a parsed template in place. */
function redirectStrips(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  for (const part of Object.values(node)) redirectStrips(part);
  const { type, callee, args } = node as {
    type?: string;
    callee?: { type: string; object: unknown; property: { value: unknown } };
    args?: unknown[];
  };
  if (type !== "CallExpression" || callee?.type !== "MemberExpression" || !args || args.length !== 1) return;
  const name = `_${callee.property.value}`;
  if (!Object.hasOwn(STRIPS, name)) return;
  Object.assign(node, { callee: { type: "Identifier", value: name }, args: [callee.object, ...args] });
}
