import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Gpu, openGpu } from "#shared/engine/gpu/device.ts";
import { emulateMatrixUnits } from "#shared/engine/ops/matmul/emulated_units.testing.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import type { EnginePolicy } from "../learner/gpu_policy.ts";
import { openEngine } from "../learner/open_engine.ts";
import { recordedKernels, useKernels } from "./kernel_choice.ts";
import { loadRewards } from "../loop/rewards.ts";
import { Status } from "./progress.ts";
import { tinyRecipe } from "../loop/testing.ts";
import { chooseSource } from "../loop/choose_source.ts";
import { runLoop } from "../loop/train.ts";

const folder = mkdtempSync(join(tmpdir(), "ghpo-kernels-"));
const closing: { close(): void }[] = [];
after(() => {
  for (const own of closing) own.close();
  rmSync(folder, { recursive: true });
});

/** This adapter, taken for a hardware GPU: there is something to choose. */
async function hardware(): Promise<Gpu> {
  const gpu = await openGpu(dawn(), { profile: "gpu" });
  closing.push(gpu);
  return gpu;
}

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
  const TINY = fileURLToPath(new URL("../recipes/tiny", import.meta.url));
  const output_dir = join(folder, "run");
  const open = async (kernels: string | undefined): Promise<EnginePolicy> => {
    const policy = await openEngine({
      model: TINY,
      randomSeed: 3,
      learner: { micro_batch_tokens: 512, temperature: 1 },
      optimizer: { adam_beta1: 0.9, adam_beta2: 0.95, adam_epsilon: 1e-8, weight_decay: 0, max_grad_norm: 1 },
      reference: false,
      kernels,
    });
    closing.push(policy);
    return policy;
  };
  const run = async (policy: EnginePolicy, resume: boolean) => {
    const recipe = tinyRecipe({
      output_dir,
      generation: { num_generations: 4, max_completion_length: 16 },
      train: { max_steps: 2, prompts_per_step: 4, micro_batch_tokens: 512 },
      checkpoint: { save_every: 1, keep: 0 },
    });
    const digits = ({ completion }: { completion: string }) => completion.replace(/\D/g, "").length / 16;
    await runLoop({
      recipe,
      policy,
      source: chooseSource({
        recipe,
        problems: syntheticProblems({ families: ["chain"], levels: [2], count: 8, seed: 1, split: "train" }),
        tokenizer: policy.tokenizer,
        rewards: [...await loadRewards(recipe), { name: "digits", weight: 1, call: digits }],
        sampler: policy,
        eosIds: policy.model.config.eos_token_ids,
        promptBudget: 96,
      }),
      evaluation: null,
      resume,
      status: new Status({ total: 2, quiet: true }),
      stop: new AbortController().signal,
    });
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
