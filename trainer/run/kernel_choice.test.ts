import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hardwareGpus } from "#shared/engine/gpu/testing.ts";
import { emulateMatrixUnits } from "#shared/engine/ops/matmul/emulated_units.testing.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { openEngine } from "../learner/open_engine.ts";
import { TINY_ENGINE, trainTiny } from "../learner/tiny_run.testing.ts";
import { recordedKernels, useKernels } from "./kernel_choice.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-kernels-"));
const policies: EnginePolicy[] = [];
after(() => {
  for (const policy of policies) policy.close();
  rmSync(folder, { recursive: true });
});
const hardware = hardwareGpus();

describe("useKernels()", { timeout: 60_000 }, () => {
  it("takes what a manifest names, so that its bits come again", async () => {
    for (const recorded of ["base", "base, products workgroup"]) {
      const gpu = await hardware();
      await useKernels(gpu, recorded);
      assert.equal(gpu.variants, recorded);
    }
  });

  it("takes matrix units where the adapter has them, and tries no others", async () => {
    const gpu = await hardware();
    await useKernels(gpu, "base, products matrix");
    assert.equal(gpu.variants, gpu.matrixLanes > 0 ? "base, products matrix" : "base");
    emulateMatrixUnits(gpu);
    await useKernels(gpu, "base, products matrix");
    assert.equal(gpu.variants, "base, products matrix");
  });

  it("keeps to what it has where the named kernels are unknown or wrong", async () => {
    const gpu = await hardware();
    const { variants } = gpu;
    await useKernels(gpu, "base of another version, products tensor");
    assert.equal(gpu.variants, variants);
    const read = gpu.readFloats.bind(gpu);
    gpu.readFloats = async (...args) => (await read(...args)).map((value) => value + 1);
    await useKernels(gpu, `${variants}, products workgroup`);
    assert.equal(gpu.variants, variants);
  });
});

describe("a run that goes on", () => {
  const output_dir = join(folder, "run");
  const open = async (kernels: string | undefined): Promise<EnginePolicy> => {
    const policy = await openEngine({ ...TINY_ENGINE, kernels });
    policies.push(policy);
    return policy;
  };
  const run = async (policy: EnginePolicy, resume: boolean) => {
    await trainTiny(policy, output_dir, { max_steps: 2, problems: 8, save_every: 1, resume });
    return readFileSync(join(output_dir, "checkpoints/step_000002/model.safetensors"));
  };

  it("takes its checkpoint's kernels and comes to the same weights, and to no others", {
    timeout: 120_000,
  }, async () => {
    assert.equal(recordedKernels(output_dir), undefined);
    const chosen = "base, products workgroup"; // not what this adapter would take by itself
    const whole = await run(await open(chosen), false);
    assert.equal(recordedKernels(output_dir), chosen);
    rmSync(join(output_dir, "checkpoints/step_000002"), { recursive: true });
    await assert.rejects(run(await open(undefined), true), /as its kernel_variants is .*products workgroup/);
    assert.deepEqual(await run(await open(recordedKernels(output_dir)), true), whole);
  });
});
