import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { type ChatMessage, type ChatOptions, chatTemplate } from "./chat_template.ts";
import { strftime } from "./jinja/strftime.ts";
import python from "./fixtures/jinja.json" with { type: "json" };

const tokens = { bos_token: "<s>", eos_token: "</s>" };
const render = (template: string, messages: unknown[], options: Partial<ChatOptions> = {}) =>
  chatTemplate(template, tokens)(messages as ChatMessage[], { addGenerationPrompt: true, ...options });

describe("chatTemplate()", () => {
  assert.ok(python.snippets.length > 50);
  for (const { template, text } of python.snippets) {
    it(`renders ${template.slice(0, 100)} as Python does`, () => {
      if (text !== null) return assert.equal(render(template, python.messages), text);
      assert.throws(() => render(template, python.messages), {
        message: /^Cannot build a chat prompt as the chat template failed: ./,
      });
    });
  }

  it("reads line ends of Windows, and drops the last one", () => {
    assert.equal(render("a\r\n{% if true %}\r\nb\r\n{% endif %}\r\n", []), "a\nb\n");
  });

  it("gives the tokens that there are, variables, and no tools", () => {
    const template =
      "{{ bos_token }}{{ pad_token is defined }}{{ tools is none }}{{ documents is none }}{{ mode }}";
    assert.equal(render(template, [], { variables: { mode: "x" } }), "<s>FalseTrueTruex");
  });

  const cases = `${process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../shared`}/cases/templates`;
  const expected: [string, string][] = [
    ["documents_defined.jinja", "DOCS<user>a"],
    ["tools_is_not_none.jinja", "user: a\n"],
  ];
  for (const [name, text] of expected) {
    const path = `${cases}/${name}`;
    it(`renders ${name}`, { skip: existsSync(path) ? false : `${path} is absent` }, () => {
      assert.equal(render(readFileSync(path, "utf8"), [{ role: "user", content: "a" }]), text);
    });
  }
});

describe("strftime()", () => {
  const date = new Date(2026, 2, 7, 9, 5, 3);
  it("writes a date as Python does in English", () => {
    assert.equal(
      strftime(date, "%d %b %Y|%B %-d, %Y|%A %a|%F %T|%I %p|%y%m%d|%H:%M:%S|%j|%%"),
      "07 Mar 2026|March 7, 2026|Saturday Sat|2026-03-07 09:05:03|09 AM|260307|09:05:03|066|%",
    );
  });
  it("names a directive that it does not know", () => {
    assert.throws(() => strftime(date, "%Q"), { message: "strftime_now does not know %Q" });
  });
});
