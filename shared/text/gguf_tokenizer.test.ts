import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ggufTokenizer } from "./gguf_tokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";
import pieces from "./fixtures/gguf_pieces.json" with { type: "json" };

const metadata = (changes: Record<string, unknown> = {}) =>
  new Map(Object.entries({
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": pieces.tokens,
    "tokenizer.ggml.scores": pieces.scores,
    "tokenizer.ggml.token_type": pieces.types,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
    "tokenizer.ggml.unknown_token_id": 0,
    ...changes,
  }));
const tokenizerOf = (own: ReadonlyMap<string, unknown>) => {
  const { tokenizer, config } = ggufTokenizer(own, "m.gguf");
  return new Tokenizer(tokenizer, config);
};

describe("a SentencePiece tokenizer of a GGUF file", () => {
  const tokenizer = tokenizerOf(metadata());
  for (const { text, plain, ids } of pieces.texts) {
    it(`reads ${JSON.stringify(text)} as transformers 5.24 does`, () => {
      assert.deepEqual(tokenizer.encode(text), plain);
      assert.deepEqual(tokenizer.encodePlain(text), ids);
    });
  }

  it("begins no text with bos, or with a space, where the file says so", () => {
    const bare = { "tokenizer.ggml.add_bos_token": false, "tokenizer.ggml.add_space_prefix": false };
    const own = tokenizerOf(metadata(bare));
    assert.equal(own.decode(own.encodePlain(" the sum")), " the sum");
    assert.deepEqual(own.encode(" the sum"), tokenizer.encode("the sum"));
  });

  it("cuts texts at tokens, with their spaces", () => {
    for (const text of ["the sum\nis 12 é", " the  sum", "Ωhm \u65e5"]) {
      const cut = tokenizer.pieces(text);
      assert.equal(cut.join(""), text);
      assert.ok(cut.length >= 4 && !cut.includes(""), cut.join("|"));
    }
  });
});

describe("ggufTokenizer()", () => {
  const refused: [Record<string, unknown>, RegExp][] = [
    [
      { "tokenizer.ggml.model": "bert" },
      /tokenizer\.ggml\.model must be gpt2 or llama: current value is bert;/,
    ],
    [{ "tokenizer.ggml.model": "gpt2" }, /tokenizer\.ggml\.merges must be there/],
    [
      { "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.merges": [], "tokenizer.ggml.pre": "tekken" },
      /tokenizer\.ggml\.pre must be one of gpt-2, .*: current value is tekken;/,
    ],
    [{ "tokenizer.ggml.scores": undefined }, /tokenizer\.ggml\.scores must be there/],
    [{ "tokenizer.ggml.tokens": undefined }, /tokenizer\.ggml\.tokens must be there/],
  ];
  for (const [changes, message] of refused) {
    it(`refuses ${JSON.stringify(changes)}`, () => {
      assert.throws(() => ggufTokenizer(metadata(changes), "m.gguf"), { name: "TypeError", message });
    });
  }
});
