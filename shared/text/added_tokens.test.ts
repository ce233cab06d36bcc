import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type TokenFiles, withAddedTokens } from "./added_tokens.ts";
import { Tokenizer } from "./tokenizer.ts";
import made from "./fixtures/added_tokens.json" with { type: "json" };

describe("withAddedTokens()", () => {
  assert.equal(made.texts.length, 3);
  for (const [name, own] of Object.entries(made.cases)) {
    it(`knows the tokens that transformers 5.24 knows: ${name}`, () => {
      const files: Record<string, unknown> = own.files;
      const beside: TokenFiles = {
        special_tokens_map: files["special_tokens_map.json"],
        added_tokens: files["added_tokens.json"],
      };
      const { tokenizer, config } = withAddedTokens(made.tokenizer, own.config, beside);
      const read = new Tokenizer(tokenizer, config);
      assert.deepEqual(made.texts.map((text) => read.encode(text)), own.ids);
      assert.equal(read.eosToken, own.eos);
    });
  }

  it("refuses settings that would change the tokens of every text", () => {
    const message =
      /^Cannot read tokenizer_config\.json as split_special_tokens must be false, as .*: current value is true$/;
    assert.throws(() => withAddedTokens(made.tokenizer, { split_special_tokens: true }), { message });
    const model = { ...made.tokenizer.model, dropout: 0.1 };
    assert.throws(() => withAddedTokens({ ...made.tokenizer, model }, {}), {
      message:
        /^Cannot read tokenizer\.json as model\.dropout must be null or 0, as .*: current value is 0\.1$/,
    });
  });
});
