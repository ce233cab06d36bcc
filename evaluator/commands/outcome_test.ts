import { describe, it } from "node:test";
import assert from "node:assert/strict";
import type { RunProgress } from "../run/run.ts";
import { showProgress } from "./outcome.ts";

describe("progress", () => {
  const progress = (done: number): RunProgress => ({
    ...{
      done,
      failed: 0,
      total: 100,
      answered: done,
      tokens: done * 10,
      promptTokens: 0,
      reasons: new Map(),
      stopped: null,
    },
  });

  it("is a line now and then where stderr is no terminal, with the time left", () => {
    let now = 0;
    let said = "";
    const show = showProgress({ isTerminal: false, write: (text) => said += text }, () => now);
    for (let done = 0; done <= 100; done++, now += 1000) show(progress(done));
    assert.deepEqual(said.trim().split("\n"), [
      "30/100 samples, 10 tokens/s, 1 min 10 s left",
      "60/100 samples, 10 tokens/s, 40 s left",
      "90/100 samples, 10 tokens/s, 10 s left",
      "100/100 samples, 10 tokens/s, 0 s left",
    ]);
  });

  it("says nothing of a run that is over before it is due, and rewrites its line on a terminal", () => {
    let said = "";
    showProgress({ isTerminal: false, write: (text) => said += text }, () => 0)(progress(100));
    assert.equal(said, "");
    showProgress({ isTerminal: true, write: (text) => said += text }, () => 0)(progress(100));
    assert.ok(said.startsWith("\r100/100 samples") && said.endsWith("\x1b[K\n"), said);
  });
});
