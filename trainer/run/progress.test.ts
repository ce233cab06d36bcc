import { formatDuration } from "#shared/text/format.ts";
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Status } from "./progress.ts";

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
}

describe("Status", () => {
  it("rewrites one line on a terminal and tells the time left from the steps of this run", () => {
    const { written, stream } = screen(true);
    let clock = 0;
    const status = new Status({ total: 10, stream, now: () => clock });
    status.start(4);
    clock = 6000;
    status.update(7, "reward 0.5");
    assert.deepEqual(written, ["\r\x1b[K7/10 70% eta 6s  2.0 s/step  reward 0.5"]);
  });

  it("prints plain lines at intervals elsewhere, the last step always", () => {
    const { written, stream } = screen(false);
    let clock = 0;
    const status = new Status({ total: 3, stream, now: () => clock });
    for (const [time, step] of [[1000, 1], [2000, 2], [3000, 3]] as const) {
      clock = time;
      status.update(step, "x");
    }
    assert.deepEqual(written, ["1/3 33% eta 2s  1.0 s/step  x\n", "3/3 100% eta 0s  1.0 s/step  x\n"]);
  });

  it("cuts a line to the width of the terminal", () => {
    const { written, stream } = screen(true);
    new Status({ total: 10, stream: { ...stream, columns: 12 }, now: () => 0 }).update(1, "reward 0.5");
    assert.deepEqual(written, ["\r\x1b[K1/10 10% et"]);
  });

  it("writes nothing when quiet", () => {
    const { written, stream } = screen(true);
    const status = new Status({ total: 1, stream, quiet: true });
    status.update(1, "x");
    status.log("y");
    status.end();
    assert.deepEqual(written, []);
  });
});

describe("formatDuration()", () => {
  it("uses two units at most", () => {
    assert.deepEqual([0, 59.4, 65, 3599.6, 7620, NaN].map(formatDuration), [
      "0s",
      "59s",
      "1m 05s",
      "1h 00m",
      "2h 07m",
      "?",
    ]);
  });
});
