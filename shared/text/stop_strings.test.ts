import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import { stopsAt } from "./stop_strings.ts";
import { tinyTokenizerFiles } from "./tiny_tokenizer.ts";
import { Tokenizer } from "./tokenizer.ts";

const files = tinyTokenizerFiles(256);
const tiny = new Tokenizer(files.tokenizer, files.config);
const ids = (text: string) => tiny.encode(text);

/** Ids are bytes. As byte-level and SentencePiece decoders do, it shows parts of characters as U+FFFD and takes a space off the beginning. */
class Bytes {
  decoded = 0;

  decode(ids: ArrayLike<number>): string {
    this.decoded += ids.length;
    return new TextDecoder().decode(Uint8Array.from(ids)).replace(/^ /, "");
  }
}

describe("stopsAt()", () => {
  it("ends a completion with the token that completes the first of the texts", () => {
    const end = stopsAt(tiny, ["####7", "=3;"])!;
    const text = "1+2=3;3+4=7####7";
    assert.equal(tiny.decode(ids(text).slice(0, end(ids(text)))), "1+2=3;");
    assert.equal(end(ids("1+2=")), undefined);
    assert.equal(end([]), undefined);
  });

  it("is nothing without texts, and an empty one is none", () => {
    assert.equal(stopsAt(tiny, []), undefined);
    assert.equal(stopsAt(tiny, [""]), undefined);
    assert.equal(stopsAt(tiny, ["", "7"])!(ids("1+2")), undefined);
  });

  it("ends a completion that comes in blocks where it ends one that is read whole", () => {
    const random = new Random(7, 0);
    const words = ["a", "b", " ", "\n", "Q:", "é", "😀", "aé", "\n\n"];
    let ended = 0;
    for (let trial = 0; trial < 400; trial++) {
      const text = Array.from({ length: 60 }, () => random.pick(words)).join("");
      const all = [...new TextEncoder().encode(text)];
      const stop = [0, 1].map(() => [0, 1, 2].map(() => random.pick(words)).join(""));
      const end = stopsAt(new Bytes(), stop)!;
      const whole = end(all);
      const block = random.pick([1, 3, 16]);
      let found: number | undefined;
      for (let at = 0; at < all.length && found === undefined; at += block) {
        found = end(all.slice(0, at + block), at);
      }
      assert.equal(found, whole, JSON.stringify({ text, stop, block }));
      if (whole !== undefined) {
        ended++;
        const shown = new Bytes().decode(all.slice(0, whole));
        assert.ok(stop.some((word) => shown.includes(word)));
        assert.ok(!stop.some((word) => new Bytes().decode(all.slice(0, whole - 1)).includes(word)));
      }
    }
    assert.ok(ended > 20 && ended < 380, `${ended}`);
  });

  it("decodes the end of what has grown alone", () => {
    const bytes = new Bytes();
    const end = stopsAt(bytes, ["\nQ:"])!;
    const all = Array<number>(4000).fill(97);
    for (let at = 0; at < all.length; at += 16) assert.equal(end(all.slice(0, at + 16), at), undefined);
    assert.ok(bytes.decoded < 4 * all.length, `${bytes.decoded}`);
  });
});
