import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { asciiTokenizer } from "./testing.ts";
import { TokenCounts } from "./token_counts.ts";

describe("TokenCounts", () => {
  it("is about right for texts by their parts, and learns its scale from a few", () => {
    const counts = TokenCounts.of(asciiTokenizer());
    const texts = [
      "Ann has 12,345 pens.\nShe gives 4 away!",
      "x = 3.5 (see above); y -> 7",
      "  two  spaces\n\n",
    ];
    for (const text of texts) assert.equal(counts.about(text), text.length); // a token is a character here
    counts.calibrate(texts);
    for (const text of texts) assert.equal(counts.about(text), counts.exact(text));
  });
});
