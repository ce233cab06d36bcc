// Chat messages to text by the model's own Jinja template, as transformers' apply_chat_template does it.

import { messageOf } from "#shared/text/format.ts";
import { Environment, Template } from "@huggingface/jinja";
import { PythonInterpreter } from "./jinja/interpreter.ts";
import { strftime } from "./jinja/strftime.ts";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ChatOptions {
  addGenerationPrompt: boolean;
  /** What strftime_now tells; templates of Llama 3.1 and others put the day into the system turn. */
  now?: Date | undefined;
  /** What else the template may ask for, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>> | undefined;
}

export type ChatTemplate = (messages: readonly ChatMessage[], options: ChatOptions) => string;

/** Tokens that templates refer to by name, those that the tokenizer has: `bos_token` and so on. */
export type TemplateTokens = Readonly<Record<string, string>>;

/**
 * A template ready to render. A missing one (null) is an error only when it is used: a model can be loaded and
 * given token ids without it.
 */
export function chatTemplate(source: string | null, tokens: TemplateTokens): ChatTemplate {
  let template: Template | undefined;
  return (messages, { addGenerationPrompt, now = new Date(), variables = {} }) => {
    if (source === null) {
      throw new TypeError(
        "Cannot build a chat prompt as the tokenizer has no chat template: " +
          'add "chat_template" to tokenizer_config.json or a file chat_template.jinja',
      );
    }
    try {
      template ??= new Template(source.replace(/\r\n?/g, "\n")); // as Jinja2 reads it
      const globals = {
        ...CONSTANTS,
        strftime_now: (format: string) => strftime(now, format),
        ...tokens,
        ...variables,
        messages,
        tools: null,
        documents: null,
        add_generation_prompt: addGenerationPrompt,
      };
      const scope = new Environment();
      for (const [name, value] of Object.entries(globals)) scope.set(name, value);
      return String(new PythonInterpreter(scope).evaluate(template.parsed as never, scope).value);
    } catch (cause) {
      const reason = messageOf(cause);
      throw new Error(`Cannot build a chat prompt as the chat template failed: ${reason}`, { cause });
    }
  };
}

const CONSTANTS = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: (...args: number[]) => {
    const [start, stop] = args.length > 1 ? [args[0]!, args[1]!] : [0, args[0]!];
    const step = args[2] ?? 1;
    const length = Math.max(0, Math.ceil((stop - start) / step));
    return Array.from({ length }, (_, i) => start + i * step);
  },
  raise_exception: (message: string) => {
    throw new Error(message);
  },
};
