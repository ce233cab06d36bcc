import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { replaced, textsBy, withConstants } from "./shader.ts";

describe("replaced()", () => {
  it("replaces a string that occurs once, and every match of a pattern", () => {
    assert.equal(replaced("k", "a b", "b", "$& c"), "a b c");
    assert.equal(replaced("k", "x[1] x[2]", /x\[(\d)\]/g, "y($1)"), "y(1) y(2)");
    assert.equal(replaced("k", "x[1] x[2]", /x\[(\d)\]/g, (_, i) => `y${i}`), "y1 y2");
  });

  it("refuses what is not there, or a string that appears twice", () => {
    const message = (pattern: string, count: number) =>
      `Cannot compile k as its text must match ${pattern} exactly once: current number is ${count}`;
    assert.throws(() => replaced("k", "a b", "c", "d"), { message: message("c", 0) });
    assert.throws(() => replaced("k", "a b a", "a", "d"), { message: message("a", 2) });
    assert.throws(() => replaced("k", "a b", /c/g, "d"), { message: message("/c/g", 0) });
  });
});

describe("withConstants()", () => {
  it("keeps the type of a constant", () => {
    const text = "const A = 1u;\nconst B: f32 = 2.0;\nconst AB = 3u;";
    assert.equal(
      withConstants("k", text, { A: 4, B: 5 }),
      "const A = 4u;\nconst B: f32 = 5.0;\nconst AB = 3u;",
    );
    assert.equal(withConstants("k", text, { B: 0.5 }), "const A = 1u;\nconst B: f32 = 0.5;\nconst AB = 3u;");
  });

  it("refuses a name that is not declared, or twice", () => {
    assert.throws(() => withConstants("k", "const A = 1u;", { B: 1 }), {
      message: "Cannot compile k as it has no line `const B = ...;`",
    });
    assert.throws(() => withConstants("k", "const A = 1u;\nconst A = 1u;", { A: 2 }), /current number is 2/);
  });
});

describe("textsBy()", () => {
  it("gives one function a number", () => {
    const texts = textsBy((rows: number) => `rows ${rows}`);
    assert.equal(texts(4), texts(4));
    assert.notEqual(texts(4), texts(8));
    assert.equal(texts(8)(), "rows 8");
  });
});
