import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { attentionFactor, inverseFrequencies, readRope } from "./rope.ts";

const llama3 = {
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const read = (rope_parameters: Record<string, unknown>, more = {}) => ({
  head_dim: 16,
  ...readRope({ rope_parameters: { rope_theta: 100, ...rope_parameters }, ...more }, {
    max_position_embeddings: 128,
    base: 1e4,
  }),
});
const plain = inverseFrequencies(read({}));

describe("inverseFrequencies()", () => {
  it("leaves fast pairs, divides slow ones and blends between, for llama3", () => {
    const ratio = inverseFrequencies(read({ rope_type: "llama3", ...llama3 })).map((value, i) =>
      plain[i]! / value
    );
    assert.equal(ratio[0], 1); // 64 / 2 pi = 10.2 turns > 4
    assert.equal(ratio[7], 8); // 0.18 turns < 1
    assert.ok(ratio[3]! > 1 && ratio[3]! < 8); // 1.8 turns
  });

  it("divides what is below low_freq_factor where that is above the high one, as transformers does", () => {
    const turned = { ...llama3, low_freq_factor: 4, high_freq_factor: 1 };
    const ratio = inverseFrequencies(read({ rope_type: "llama3", ...turned })).map((own, i) =>
      plain[i]! / own
    );
    assert.deepEqual([...ratio], [1, 1, 8, 8, 8, 8, 8, 8]); // pair 2 makes 3.2 turns, between the two
  });

  it("divides all for linear, and leaves all for dynamic within the context", () => {
    assert.deepEqual(
      inverseFrequencies(read({ rope_type: "linear", factor: 2 })),
      plain.map((own) => own / 2),
    );
    assert.deepEqual(inverseFrequencies(read({ rope_type: "dynamic", factor: 2 })), plain);
  });

  it("goes from whole to divided frequencies between two pairs for yarn", () => {
    const own = { rope_type: "yarn", factor: 4, beta_fast: 8, beta_slow: 2 };
    const ratio = (more: object) =>
      inverseFrequencies(read({ ...own, ...more })).map((value, i) => value / plain[i]!);
    // Of 128 tokens pair i makes 20.4 * 100^(-i / 8) turns: 8 at i = 1.62, 2 at i = 4.03; rounded to 1 and 5.
    const expected = [1, 1, 0.8125, 0.625, 0.4375, 0.25, 0.25, 0.25];
    ratio({}).forEach((value, i) => assert.ok(Math.abs(value - expected[i]!) < 1e-12, `pair ${i}: ${value}`));
    const exact = ratio({ truncate: false });
    assert.deepEqual(ratio({ truncate: 0 }), exact);
    assert.ok(exact[2]! > 0.8125 && exact[2]! < 1 && exact[4]! < 0.4375);
  });
});

describe("attentionFactor()", () => {
  const cases: [Record<string, unknown>, number][] = [
    [{ rope_type: "linear", factor: 4 }, 1],
    [{ rope_type: "yarn", factor: 4 }, 0.1 * Math.log(4) + 1],
    [{ rope_type: "yarn", factor: 1 }, 1],
    [{ rope_type: "yarn", factor: 4, attention_factor: 2 }, 2],
    [{ rope_type: "yarn", factor: 4, mscale: 1, mscale_all_dim: 1 }, 1],
    [{ rope_type: "yarn", factor: 4, mscale: 2, mscale_all_dim: 0 }, 0.1 * Math.log(4) + 1],
    [{ rope_type: "yarn", factor: null, original_max_position_embeddings: 64 }, 0.1 * Math.log(2) + 1],
  ];
  for (const [rope, factor] of cases) {
    it(`is ${factor} for ${JSON.stringify(rope)}`, () => assert.equal(attentionFactor(read(rope)), factor));
  }
});

describe("readRope()", () => {
  it("takes the original context from beside the dictionary first, and the context where none is named", () => {
    const original = (own: object, more: object) => {
      const { rope_scaling } = read({ rope_type: "yarn", factor: 4, ...own }, more);
      return rope_scaling?.rope_type === "yarn" && rope_scaling.original_max_position_embeddings;
    };
    const inside = { original_max_position_embeddings: 64 };
    assert.equal(original(inside, { original_max_position_embeddings: 32 }), 32);
    assert.equal(original(inside, {}), 64);
    assert.equal(original({}, {}), 128);
  });
});
