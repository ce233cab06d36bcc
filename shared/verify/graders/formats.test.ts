import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatReward } from "../mod.ts";

const good = "<think>\nwhy\n</think>\n<answer>\n42\n</answer>";

describe("think_answer", () => {
  const accepted = {
    "the shape itself": good,
    "empty bodies": "<think>\n\n</think>\n<answer>\n\n</answer>",
    "a line break at the end": `${good}\n`,
    "anything on later lines": `${good}\nand more`,
    "a nested tag": `<think>\n<think>\n</think>\n<answer>\n42\n</answer>`,
    "two answers": `<think>\nwhy\n</think>\n<answer>\n1\n</answer>\n<answer>\n2\n</answer>`,
  };
  for (const [name, text] of Object.entries(accepted)) {
    it(`accepts ${name}`, () => assert.equal(formatReward("think_answer", text), 1));
  }

  const rejected = {
    "a line break in front": `\n${good}`,
    "a space in front": ` ${good}`,
    "no line break behind a tag": good.replace("<think>\n", "<think>"),
    "carriage returns": good.replaceAll("\n", "\r\n"),
    "an empty line between the blocks": good.replace("</think>\n", "</think>\n\n"),
    "words behind the last tag": `${good} done`,
    "a line separator behind the last tag": `${good}\u2028`,
    "no thought": "<answer>\n42\n</answer>",
  };
  for (const [name, text] of Object.entries(rejected)) {
    it(`rejects ${name}`, () => assert.equal(formatReward("think_answer", text), 0));
  }

  it("takes linear time on tags without end", () => {
    const start = performance.now();
    formatReward("think_answer", "<think>\n" + "\n</think>\n<answer>\n".repeat(40_000));
    formatReward("think_answer", good.slice(0, -9) + "\n</answer>x".repeat(80_000));
    assert.ok(performance.now() - start < 500);
  });
});

describe("other shapes", () => {
  it("think: one pair of tags, at the start", () => {
    assert.equal(formatReward("think", "<think>why</think>42"), 1);
    assert.equal(formatReward("think", "so <think>why</think>42"), 0);
    assert.equal(formatReward("think", "<think>a<think>b</think>42"), 0);
  });

  it("tag_count: a quarter for each tag that occurs once", () => {
    assert.equal(formatReward("tag_count", good), 1);
    assert.equal(formatReward("tag_count", good.replace("</think>\n", "")), 0.75);
    assert.equal(formatReward("tag_count", `${good}\n</answer>`), 0.75);
    assert.equal(formatReward("tag_count", ""), 0);
  });

  it("hash: text, one mark, one expression", () => {
    for (const answer of ["42", " 1,234", "-7/3", "\\frac{1}{2}", "0.5\n", "x^2 + 1"]) {
      assert.equal(formatReward("hash", `Compute 6*7=42 ####${answer}`), 1, answer);
    }
    const bad = [
      "####42",
      "text ####",
      "text #### 42 #### 43",
      "text #### 42 apples remain",
      "text #### 42\nmore",
      "text 42",
    ];
    for (const text of bad) assert.equal(formatReward("hash", text), 0, text);
  });
});
