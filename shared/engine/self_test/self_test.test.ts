import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { Recorder } from "#shared/engine/gpu/recorder.ts";
import { textOf } from "#shared/engine/gpu/shader.ts";
import { hostGpu, testGpu } from "#shared/engine/gpu/testing.ts";
import { ANY_MODEL, firstDifference } from "./compare_with_f64.ts";
import { checkEngine, requireRight } from "./check_engine.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-self-test-"));
after(() => rmSync(folder, { recursive: true }));

/** What the self-test says while `dispatch` stands for every recorder's. */
async function whileDispatching(dispatch: Recorder["dispatch"], gpu: Gpu): Promise<string | undefined> {
  const own = Recorder.prototype.dispatch;
  Recorder.prototype.dispatch = dispatch;
  try {
    return await firstDifference(gpu, "training");
  } finally {
    Recorder.prototype.dispatch = own;
  }
}

describe("the self-test", { timeout: 120_000 }, () => {
  it("passes on this driver, portable kernels as well, and leaves no buffers", async () => {
    const gpu = await testGpu();
    const { liveBytes, subgroups8 } = gpu;
    for (const subgroups of [subgroups8, false]) {
      gpu.subgroups8 = subgroups;
      assert.equal(await firstDifference(gpu, "training"), undefined);
      assert.equal(await firstDifference(gpu, "generation"), undefined);
    }
    gpu.subgroups8 = subgroups8;
    assert.equal(gpu.liveBytes, liveBytes);
  });

  it("passes on blocks like those of other models, as small and as large ones are decoded", async () => {
    const gpu = await testGpu();
    const { largestCopy } = gpu;
    const heads = (head_dim: number, group: number) => ({
      head_dim,
      num_attention_heads: 4 * group,
      num_key_value_heads: 4,
    });
    const plain = { qk_norm: false, qkv_bias: false, o_bias: false, mlp_bias: false };
    const likes = [
      { ...ANY_MODEL, ...heads(8, 1), ...plain },
      { ...ANY_MODEL, ...heads(64, 7), ...plain, qkv_bias: true }, // Qwen2.5's
      { ...ANY_MODEL, ...heads(24, 3), mlp_bias: true },
      { ...ANY_MODEL, ...heads(16, 2), vocab_size: 10_000_000 }, // too large for a copy of its weights
    ];
    for (const like of likes) assert.equal(await firstDifference(gpu, "training", like), undefined);
    assert.equal(gpu.largestCopy, largestCopy);
  });

  it("misses no kernel that does nothing", async () => {
    const gpu = await testGpu();
    const own = Recorder.prototype.dispatch;
    const labels = new Set<string>();
    await whileDispatching(function (this: Recorder, kernel, ...rest) {
      labels.add(kernel.label);
      own.call(this, kernel, ...rest);
    }, gpu);
    assert.ok(labels.size > 20, [...labels].join());
    const missed: string[] = [];
    for (const label of labels) {
      const difference = await whileDispatching(function (this: Recorder, kernel, ...rest) {
        if (kernel.label !== label) own.call(this, kernel, ...rest);
      }, gpu);
      if (difference === undefined) missed.push(label);
    }
    assert.deepEqual(missed, []);
  });

  // Slight errors, such as another driver's rounding, minimum of a logarithm or maximum of NaN might be.
  const slips: [kernel: RegExp, from: string | RegExp, to: string, says: RegExp][] = [
    [/^rms_norm$/, "+ p.eps", "+ 0.01", /^a log-probability of the forward pass is .*, expected -/],
    [/^swiglu_backward$/, "exp(", "exp2(", /^the gradient of .* along a direction, expected/],
    [
      /^(decode_step|decode_row|sample_tile)/,
      "-log(max(1.0 - u, vec4f(1.0e-9)))",
      "-log(max(1.1 - u, vec4f(1.0e-9)))",
      /^the token sampled is \d+, expected \d+/,
    ],
  ];
  for (const [kernel, from, to, says] of slips) {
    it(`refuses a driver that computes ${to} for ${from} in ${kernel.source}`, async () => {
      const gpu = await openGpu(await hostGpu());
      let found = 0;
      gpu.kernel = function (label, source, constants) {
        if (!kernel.test(label)) return Gpu.prototype.kernel.call(this, label, source, constants);
        const text = textOf(source);
        if (text.includes(from as string)) found++;
        return Gpu.prototype.kernel.call(this, label, text.replaceAll(from, to), constants);
      };
      const difference = await firstDifference(gpu, "training");
      assert.ok(found > 0);
      assert.match(String(difference), says);
      await assert.rejects(requireRight(gpu, "training"), {
        message: `Cannot use adapter "${gpu.facts.description || gpu.facts.device || gpu.facts.vendor}" ` +
          `with kernels ${gpu.variants} as its self-test fails: ${difference}`,
      });
      const file = join(folder, "failed.json");
      await assert.rejects(checkEngine(gpu, "training", ANY_MODEL, file));
      assert.throws(() => readFileSync(file), "nothing is kept");
      gpu.close();
    });
  }

  it("is kept by adapter, driver and kernels, and training stands for generation too", async () => {
    const gpu = await testGpu();
    const file = join(folder, "below/self_test.json");
    mkdirSync(join(folder, "below"));
    writeFileSync(file, '{ "an adapter | of older | sources": "passed" }');
    await checkEngine(gpu, "training", ANY_MODEL, file);
    const kept = readFileSync(file, "utf8");
    assert.ok(!kept.includes("older"), "what other sources have passed is dropped");
    assert.ok(kept.includes(gpu.facts.description) && kept.includes(gpu.variants));
    const nothing = () => assert.fail("it has passed");
    assert.equal(await whileDispatching(nothing, gpu).catch(() => "dispatched"), "dispatched");
    const own = Recorder.prototype.dispatch;
    Recorder.prototype.dispatch = nothing;
    try {
      await checkEngine(gpu, "training", ANY_MODEL, file);
      await checkEngine(gpu, "generation", ANY_MODEL, file);
    } finally {
      Recorder.prototype.dispatch = own;
    }
    const { subgroups8 } = gpu;
    gpu.subgroups8 = !subgroups8 && gpu.device.features.has("subgroups" as GPUFeatureName);
    if (gpu.subgroups8 !== subgroups8) {
      gpu.subgroups8 = false;
      await checkEngine(gpu, "generation", ANY_MODEL, file);
      assert.equal(Object.keys(JSON.parse(readFileSync(file, "utf8"))).length, subgroups8 ? 2 : 1);
    }
    gpu.subgroups8 = subgroups8;
  });
});
