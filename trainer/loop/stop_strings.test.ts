import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { stopsAt } from "./stop_strings.ts";
import { tinyTokenizer } from "./testing.ts";

const ids = (text: string) => tinyTokenizer.encode(text);

describe("stopsAt()", () => {
  it("ends a completion with the token that completes the first of the texts", () => {
    const end = stopsAt(tinyTokenizer, ["####7", "=3;"])!;
    const text = "1+2=3;3+4=7####7";
    assert.equal(tinyTokenizer.decode(ids(text).slice(0, end(ids(text)))), "1+2=3;");
    assert.equal(end(ids("1+2=")), undefined);
    assert.equal(end([]), undefined);
  });

  it("is nothing without texts", () => {
    assert.equal(stopsAt(tinyTokenizer, []), undefined);
  });
});
