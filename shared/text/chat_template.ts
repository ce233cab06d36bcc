// Chat messages to text by the model's own Jinja template, as transformers' apply_chat_template does it.

import { Template } from "@huggingface/jinja";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export type ChatTemplate = (
  messages: readonly ChatMessage[],
  options: { addGenerationPrompt: boolean },
) => string;

/** Tokens that templates refer to by name. */
export type TemplateTokens = Record<"bos_token" | "eos_token" | "pad_token" | "unk_token", string>;

/**
 * A template ready to render. A missing one (null) is an error only when it is used: a model can be loaded and
 * given token ids without it.
 */
export function chatTemplate(source: string | null, tokens: TemplateTokens): ChatTemplate {
  let template: Template | undefined;
  return (messages, { addGenerationPrompt }) => {
    if (source === null) {
      throw new TypeError(
        "Cannot build a chat prompt as the tokenizer has no chat template: " +
          'add "chat_template" to tokenizer_config.json or a file chat_template.jinja',
      );
    }
    try {
      template ??= new Template(source);
      return template.render({ messages, add_generation_prompt: addGenerationPrompt, ...tokens });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`Cannot build a chat prompt as the chat template failed: ${reason}`, { cause });
    }
  };
}
