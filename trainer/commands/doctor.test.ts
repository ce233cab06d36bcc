import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { render, type Report } from "./doctor.ts";
import { examineGpu } from "./doctor_host.ts";

const healthy = {
  adapter: "Card 9000",
  vendor: "acme arch",
  profile: "gpu" as const,
  features: ["subgroups"],
  limits: { maxBufferSize: 4096 },
  self_test: "passed" as const,
};
const report: Report = {
  ok: true,
  runtimes: { bun: "1.2.3", deno: "2.3.4", node: null },
  driver_files: null,
  trainer: healthy,
  evaluator: healthy,
};

describe("doctor", () => {
  it("reports the adapter that this process really gets", async () => {
    const host = await examineGpu(dawn());
    assert.equal(host.self_test, "passed");
    assert.notEqual(host.adapter, "");
    assert.ok(host.limits.maxStorageBufferBindingSize! >= 128 << 20);
  });

  it("refuses a host without an adapter", async () => {
    await assert.rejects(examineGpu(undefined), /no usable WebGPU adapter was found/);
  });

  it("prints versions, adapter, features, limits and the self-test of both sides", () => {
    const text = render(report);
    assert.match(text, /bun 1\.2\.3, deno 2\.3\.4, node is missing/);
    assert.match(text, /trainer {4}Card 9000 \(vendor acme arch\)\n +self-test passed, gpu kernels\n/);
    assert.match(text, /features subgroups\n +maxBufferSize 4096\nevaluator {2}Card 9000/);
    assert.doesNotMatch(text, /What to do/);
  });

  it("says what to do when a side has none", () => {
    const text = render({ ...report, ok: false, evaluator: { error: "no adapter" } });
    assert.match(text, /evaluator {2}no adapter\n\nWhat to do: /);
  });
});
