import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MetricsLog } from "./metrics_log.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function file(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-log-"));
  folders.push(folder);
  const path = join(folder, "metrics.jsonl");
  writeFileSync(path, text);
  return path;
}

const line = (step: number, values: Record<string, number | null> = {}) =>
  JSON.stringify({ step, time: step, ...values }) + "\n";

describe("MetricsLog", () => {
  it("reads on where it ended, and waits for the rest of a line", async () => {
    const path = file(line(1, { reward: 0.5 }) + '{"step":2,"ti');
    const log = new MetricsLog(path);
    await log.refresh();
    assert.deepEqual([log.length, log.lastStep], [1, 1]);
    appendFileSync(path, 'me":2,"reward":1}\n' + line(3));
    await log.refresh();
    assert.deepEqual(log.window(["reward"], 0, Infinity, 10), {
      width: 1,
      steps: [1, 2, 3],
      series: { reward: { mean: [0.5, 1, null] } },
    });
    assert.deepEqual([log.version, log.faults], [0, 0]);
  });

  it("starts again when a resumed run has replaced the file", async () => {
    const path = file(line(1) + line(2, { entropy: 1 }) + line(3));
    const log = new MetricsLog(path);
    await log.refresh();
    writeFileSync(`${path}.tmp`, line(1) + line(2));
    renameSync(`${path}.tmp`, path);
    await log.refresh();
    assert.deepEqual([log.length, log.lastStep, log.version], [2, 2, 1]);
    assert.ok(Number.isNaN(log.latest("entropy")), "values of the former file must be gone");
  });

  it("keeps the last record of a step that appears twice", async () => {
    const log = new MetricsLog(
      file(line(1) + line(2, { reward: 1, kl: 9 }) + line(3, { kl: 9 }) + line(2, { reward: 4 })),
    );
    await log.refresh();
    assert.deepEqual(log.window(["reward", "kl"], 0, 9, 9), {
      width: 1,
      steps: [1, 2],
      series: { reward: { mean: [null, 4] }, kl: { mean: [null, null] } },
    });
  });

  it("counts lines that are no records", async () => {
    const log = new MetricsLog(file(line(1) + "nonsense\n[]\n" + line(2)));
    await log.refresh();
    assert.deepEqual([log.length, log.faults], [2, 2]);
  });

  it("keeps the extremes of a bucket", async () => {
    const values = Array.from({ length: 100 }, (_, i) => line(i + 1, { grad_norm: i === 37 ? 1000 : 1 }));
    const log = new MetricsLog(file(values.join("")));
    await log.refresh();
    const { width, steps, series } = log.window(["grad_norm"], 1, 100, 10);
    assert.deepEqual([width, steps], [10, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]]);
    assert.equal(series["grad_norm"]!.max![3], 1000);
    assert.equal(series["grad_norm"]!.min![3], 1);
    assert.equal(series["grad_norm"]!.mean[3], 100.9);
    assert.deepEqual(log.window(["grad_norm"], 36, 40, 10).series["grad_norm"]!.mean, [1, 1, 1000, 1, 1]);
  });

  it("derives tokens per second from the totals", async () => {
    const log = new MetricsLog(
      file(
        line(1, { generated_tokens: 100, step_time: 2 }) + line(2, { generated_tokens: 400, step_time: 3 }),
      ),
    );
    await log.refresh();
    assert.equal(log.latest("tokens_per_second"), 100);
  });

  it("has no records before the file is there", async () => {
    const log = new MetricsLog(join(tmpdir(), "ghpo-no-such-folder", "metrics.jsonl"));
    await log.refresh();
    assert.equal(log.length, 0);
    assert.deepEqual(log.window(["reward"], 0, 10, 10), { width: 1, steps: [], series: {} });
  });
});
