import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  answerBeginning,
  buildPrompt,
  GHPO_HINT_GLUE,
  GHPO_SYSTEM_PROMPT,
  promptMessages,
} from "./prompts.ts";
import { TINY_VOCABULARY, tinyTokenizerFiles } from "./tiny_tokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";
import special from "./fixtures/special_tokens.json" with { type: "json" };
import parity from "./fixtures/tiny_tokenizer.json" with { type: "json" };

const files = tinyTokenizerFiles(256);
const tiny = new Tokenizer(files.tokenizer, files.config);

describe("tiny tokenizer", () => {
  it("gives the ids and texts that transformers gives (fixtures/tiny_tokenizer.py)", () => {
    assert.ok(parity.cases.length >= 10);
    for (const { text, ids, decoded, decoded_special } of parity.cases) {
      assert.deepEqual(tiny.encode(text), ids, text);
      assert.equal(tiny.decode(ids), decoded);
      assert.equal(tiny.decode(ids, { special: true }), decoded_special);
    }
  });

  it("renders the chat template as transformers does", () => {
    assert.equal(tiny.chat([{ role: "user", content: "Compute 4+5" }]), parity.chat);
  });

  it("has one token for every word and character, and ids in order", () => {
    assert.equal(tiny.vocabSize, TINY_VOCABULARY.length);
    TINY_VOCABULARY.forEach((token, id) => assert.equal(tiny.id(token), id));
    assert.equal(tiny.encode("Multiply mod 23: ").length, 1);
    assert.equal(tiny.encode("23").length, 2);
    assert.equal(tiny.id("zebra"), undefined);
  });

  it("round-trips a whole example", () => {
    const text = "Add 665+588 Hint: 5+8+0=13;\nAnswer: 6+8+1=15;6+5+1=12;####1253<eos>";
    assert.equal(tiny.decode(tiny.encode(text), { special: true }), text);
    assert.equal(tiny.decode(tiny.encode(text)), text.slice(0, -"<eos>".length));
  });

  it("encodes and decodes nothing to nothing", () => {
    assert.deepEqual(tiny.encode(""), []);
    assert.equal(tiny.decode([]), "");
  });

  it("refuses a turn that it does not have", () => {
    assert.throws(() => tiny.chat([{ role: "system", content: "Be kind" }]), {
      message: "Cannot build a chat prompt as the chat template failed: This model has no system turn",
    });
  });
});

describe("Tokenizer", () => {
  it("cuts a text into pieces that join to it", () => {
    assert.deepEqual(tiny.pieces("4+5=9;####9"), ["4", "+", "5", "=", "9", ";", "####", "9"]);
  });

  it("keeps the bytes of one character in one piece", () => {
    const bytes = byteTokenizer();
    assert.equal(bytes.encode("a€b").length, 5);
    assert.deepEqual(bytes.pieces("a€b\uFFFDc"), ["a", "€", "b", "\uFFFDc"]);
  });

  it("cuts the text itself where the tokenizer normalises it", () => {
    const text = "R=5\u2126, cafe\u0301"; // NFC: an omega, and one letter with its accent
    assert.deepEqual(byteTokenizer({ type: "NFC" }).pieces(text), [..."R=5\u2126, caf", "e\u0301"]);
  });

  it("does not cut a text that it cannot reproduce", () => {
    assert.throws(() => tiny.pieces("4é5"), /Cannot cut the text at token boundaries/);
  });

  it("without a template says so in one sentence, and only when it is needed", () => {
    const config = { ...files.config, chat_template: undefined };
    const bare = new Tokenizer(files.tokenizer, config);
    assert.deepEqual(bare.encode("4"), tiny.encode("4"));
    assert.throws(() => bare.chat([{ role: "user", content: "4" }]), {
      message: "Cannot build a chat prompt as the tokenizer has no chat template: " +
        'add "chat_template" to tokenizer_config.json or a file chat_template.jinja',
    });
  });

  it("takes the template of chat_template.jinja, or the default one of a list", () => {
    const messages = [{ role: "user", content: "4" }] as const;
    assert.equal(
      new Tokenizer(files.tokenizer, files.config, "[{{ messages[0].content }}]").chat(messages),
      "[4]",
    );
    const list = {
      ...files.config,
      chat_template: [{ name: "default", template: "({{ messages[0].content }})" }],
    };
    assert.equal(new Tokenizer(files.tokenizer, list).chat(messages), "(4)");
  });

  it("matches added tokens within words as the Rust library does (fixtures/special_tokens.py)", () => {
    const own = new Tokenizer(special.tokenizer, {});
    assert.ok(special.cases.length > 20);
    for (const { text, ids } of special.cases) assert.deepEqual(own.encode(text), ids, text);
  });

  it("adds to a plain text what transformers adds, and to other texts nothing", () => {
    for (const { post_processor, config, ids } of special.ends) {
      const own = new Tokenizer({ ...special.tokenizer, post_processor }, config);
      const what = JSON.stringify([post_processor !== null, config]);
      assert.deepEqual(own.encodePlain("ab"), ids, what);
      assert.equal(own.encode("ab").length, 2, what);
    }
  });

  it("keeps a date and variables for its templates", () => {
    const template = "{{ strftime_now('%d %b %Y') }} {{ enable_thinking }}";
    const own = new Tokenizer(files.tokenizer, files.config, template);
    assert.equal(own.datedPrompts, true);
    assert.equal(tiny.datedPrompts, false);
    own.chatOptions.now = new Date(2026, 2, 7, 23, 59);
    own.chatOptions.variables = { enable_thinking: false };
    assert.equal(own.chat([]), "07 Mar 2026 False");
  });

  it("refuses a tokenizer.json without a model", () => {
    assert.throws(() => new Tokenizer({ added_tokens: [] }, {}), {
      message: "Cannot read tokenizer.json as the key model is missing",
    });
    assert.throws(
      () => new Tokenizer({ model: { type: "Telepathy" } }, {}),
      /Cannot read tokenizer.json as its content/,
    );
  });
});

describe("prompts", () => {
  it("tell what a template itself begins an answer with", () => {
    const beginning = (template: string, options = {}) =>
      answerBeginning(new Tokenizer(files.tokenizer, files.config, template), { system: "", ...options });
    assert.equal(beginning("{{ messages[0].content + '<think>\\n' }}"), "<think>\n");
    assert.equal(beginning("{{ messages[0].content }}<think>\n\n</think>\n\n"), "");
    assert.equal(answerBeginning(tiny, { system: "" }), "");
    const asked = "{{ messages[0].content }}{% if enable_thinking %}{{ '<think>\\n' }}{% endif %}";
    assert.equal(beginning(asked, { chat_template_kwargs: { enable_thinking: true } }), "<think>\n");
    assert.equal(beginning(asked), "");
    assert.equal(
      beginning(asked, { chat_template_kwargs: { enable_thinking: true }, chat_template: false }),
      "",
    );
  });

  it("put the problem, and a hint behind it, where the user's turn has it", () => {
    const own = {
      system: "S",
      user: "Problem: {question}\nSolve it.",
      glue: " Hint: ",
      placement: "user",
    } as const;
    assert.deepEqual(promptMessages("$&?", "H", own), [
      { role: "system", content: "S" },
      { role: "user", content: "Problem: $&? Hint: H\nSolve it." },
    ]);
  });

  it("are plain text without a chat template, as base models continue it", () => {
    const own = {
      system: "Add 1",
      user: "{question}\n",
      chat_template: false,
      glue: "",
      placement: "assistant",
    } as const;
    const { prompt, prompt_ids } = buildPrompt(tiny, "4+5", "4+5=", own);
    assert.equal(prompt, "Add 1\n\n4+5\n4+5=");
    assert.deepEqual(prompt_ids, tiny.encodePlain(prompt));
  });

  const style = { system: "ghpo", glue: "ghpo", placement: "user" } as const;

  it("puts the hint into the user turn behind the paper's sentence", () => {
    assert.deepEqual(promptMessages("Q", "H", style), [
      { role: "system", content: GHPO_SYSTEM_PROMPT },
      { role: "user", content: `Q${GHPO_HINT_GLUE}H` },
    ]);
    assert.ok(GHPO_HINT_GLUE.startsWith("\n The following text"));
    assert.ok(GHPO_HINT_GLUE.endsWith("solving the problem:\n"));
  });

  it("leaves the prompt alone when the hint is empty", () => {
    assert.deepEqual(promptMessages("Q", "", { ...style, system: "" }), [{ role: "user", content: "Q" }]);
  });

  it("builds the tiny prompts", () => {
    const own = { system: "", glue: " Hint: ", placement: "user" } as const;
    const { prompt, prompt_ids } = buildPrompt(tiny, "Compute 4+5", "4+5=9;", own);
    assert.equal(prompt, "Compute 4+5 Hint: 4+5=9;\nAnswer: ");
    assert.equal(tiny.decode(prompt_ids), prompt);
    const prefilled = buildPrompt(tiny, "Compute 4+5", "4+5=9;", { ...own, placement: "assistant" });
    assert.equal(prefilled.prompt, "Compute 4+5\nAnswer: 4+5=9;");
  });
});

/** A byte-level tokenizer without merges: every byte is a token, so most characters are several. */
function byteTokenizer(normalizer: unknown = null): Tokenizer {
  const printable = [
    ..."!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
  ]
    .map((c) => c.charCodeAt(0));
  for (let code = 0xa1; code <= 0xff; code++) if (code !== 0xad) printable.push(code);
  let next = 256;
  const vocab: Record<string, number> = {};
  for (let byte = 0; byte < 256; byte++) {
    vocab[String.fromCharCode(printable.includes(byte) ? byte : next++)] = byte;
  }
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return new Tokenizer({
    added_tokens: [],
    normalizer,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: { type: "BPE", vocab, merges: [], unk_token: null },
  }, {});
}
