import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { configJson, parseConfig } from "./config.ts";
import { contextOf, windowNotice } from "./context.ts";

const base = {
  hidden_size: 64,
  num_hidden_layers: 30,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  intermediate_size: 176,
  vocab_size: 34,
  max_position_embeddings: 8192,
};
const on = { use_sliding_window: true, sliding_window: 16 };

describe("contextOf()", () => {
  const cases: [Record<string, unknown>, "context" | "sliding window", number][] = [
    [{ model_type: "mistral", sliding_window: 16 }, "sliding window", 16],
    [{ model_type: "mistral" }, "sliding window", 4096], // transformers' default
    [{ model_type: "mistral", sliding_window: null }, "context", 8192],
    [{ model_type: "mistral", sliding_window: 8192 }, "context", 8192],
    [{ model_type: "mistral", max_position_embeddings: 2048 }, "context", 2048],
    [{ model_type: "llama", ...on, sliding_window: 8192 }, "context", 8192],
    [{ model_type: "qwen2", sliding_window: 16 }, "context", 8192],
    [{ model_type: "qwen3", ...on, use_sliding_window: false }, "context", 8192],
    [{ model_type: "qwen2", ...on }, "sliding window", 16], // from layer 28 on
    [{ model_type: "qwen2", ...on, num_hidden_layers: 28 }, "context", 8192],
    [{ model_type: "qwen2", ...on, max_window_layers: 30 }, "context", 8192],
    [{ model_type: "qwen3", ...on, max_window_layers: 0 }, "sliding window", 16],
    [{ model_type: "qwen3", ...on, layer_types: Array(30).fill("full_attention") }, "context", 8192],
    [
      {
        model_type: "qwen3",
        ...on,
        num_hidden_layers: 2,
        layer_types: ["full_attention", "sliding_attention"],
      },
      "sliding window",
      16,
    ],
  ];
  for (const [own, name, tokens] of cases) {
    it(`is the ${name} of ${tokens} for ${JSON.stringify(own).slice(0, 120)}`, () => {
      const config = parseConfig({ ...base, ...own });
      assert.deepEqual(contextOf(config), { tokens, name });
      const again = parseConfig(JSON.parse(JSON.stringify(configJson(config, "float32"))));
      assert.deepEqual({ ...again, file: config.file }, config);
    });
  }
});

describe("windowNotice()", () => {
  it("names both lengths, and says nothing without a window", () => {
    assert.equal(
      windowNotice(parseConfig({ ...base, model_type: "mistral", sliding_window: 16 })),
      "Sequences may have 16 tokens, the model's sliding window, though its context has 8192: attention through a " +
        "window is not implemented",
    );
    assert.equal(windowNotice(parseConfig({ ...base, model_type: "llama" })), undefined);
  });
});
