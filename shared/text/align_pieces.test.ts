import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { alignPieces } from "./align_pieces.ts";

describe("alignPieces()", () => {
  const cases: [text: string, pieces: string[], cut: string[]][] = [
    ["ab c", ["a", "b ", "c"], ["a", "b ", "c"]],
    ["R=5\u2126.", ["R=", "5\u03a9", "."], ["R=", "5\u2126", "."]],
    ["cafe\u0301s", ["ca", "f\u00e9", "s"], ["ca", "fe\u0301", "s"]],
    ["x\u2126e\u0301y", ["x\u03a9", "\u00e9", "y"], ["x\u2126", "e\u0301", "y"]],
    ["a\ufb01b", ["af", "ib"], ["a\ufb01b"]], // NFKC makes two letters of the ligature: no cut inside it
    ["\u1112\u1161\u11ab", ["\ud55c"], ["\u1112\u1161\u11ab"]],
  ];
  for (const [text, pieces, cut] of cases) {
    it(JSON.stringify(text), () => {
      const found = alignPieces(text, pieces);
      assert.deepEqual(found, cut);
      assert.equal(found!.join(""), text);
    });
  }

  it("knows pieces that are no form of the text", () => {
    assert.equal(alignPieces("Abc", ["a", "bc"]), null);
    assert.equal(alignPieces("abc", ["a", "b"]), null);
  });
});
