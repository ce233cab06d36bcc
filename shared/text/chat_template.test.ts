import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type ChatMessage, chatTemplate } from "./chat_template.ts";

const tokens = { bos_token: "<s>", eos_token: "</s>", pad_token: "", unk_token: "" };
const render = (template: string, content: string) => {
  const messages: ChatMessage[] = [{ role: "user", content }];
  return chatTemplate(template, tokens)(messages, { addGenerationPrompt: true });
};

describe("chatTemplate()", () => {
  it("strips the characters that a template names, as Python does", () => {
    const cases = [
      ["lstrip('\\n')", "\n\n  a \n", "  a \n"],
      ["rstrip('\\n')", "\n a  \n\n", "\n a  "],
      ["strip('\\n')", "\n  a  \n", "  a  "],
      ["strip('xy')", "yxaxyxby", "axyxb"],
      ["strip('x')", "xxx", ""],
      ["lstrip('x')", "xxx", ""],
      ["rstrip('x')", "xxx", ""],
      ["rstrip('😀')", "a😀😀", "a"],
      ["strip()", " \n a \n ", "a"],
      ["lstrip()", " \n a \n ", "a \n "],
      ["rstrip()", " \n a \n ", " \n a"],
    ] as const;
    for (const [call, text, stripped] of cases) {
      assert.equal(render(`[{{ messages[0].content.${call} }}]`, text), `[${stripped}]`, call);
    }
  });

  it("keeps an answer's first spaces after its reasoning, by the expressions of Qwen3's template", () => {
    const template = "{%- set content = messages[0].content.split('</think>')[-1].lstrip('\\n') %}" +
      "{%- set reasoning = messages[0].content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}" +
      "{{ '<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}";
    assert.equal(
      render(template, "<think>\n  1 + 1 \n\n</think>\n\n    2\n"),
      "<think>\n  1 + 1 \n</think>\n\n    2\n",
    );
  });
});
