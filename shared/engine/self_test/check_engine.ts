// The self-test of the engine at start-up: once for an adapter, its driver, the kernels in use and their texts.

import * as v from "valibot";
import { decodesByProgram } from "#shared/engine/generation/decode_program.ts";
import type { Gpu } from "#shared/engine/gpu/device.ts";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, readJson } from "#shared/io/files.ts";
import { digestOfFolder } from "#shared/io/hash.ts";
import type { ModelConfig } from "#shared/engine/model/config.ts";
import { ANY_MODEL, firstDifference, type Scope } from "./compare_with_f64.ts";

const ENGINE = `${import.meta.dirname}/..`;
const CACHE = `${import.meta.dirname}/../../../.cache/self_test.json`;
/** Between the parts of a key. */
const SEPARATOR = " | ";
/** What has passed. */
const CacheSchema = v.record(v.string(), v.literal("passed"));

let known: string | undefined;

/**
 * Passes where the same adapter, driver and kernels have passed before, for a model whose heads, norms and biases were
 * as those of `like`.
 * @throws Error naming the adapter and what differs from f64
 */
export async function checkEngine(
  gpu: Gpu,
  scope: Scope,
  like: ModelConfig = ANY_MODEL,
  file = CACHE,
): Promise<void> {
  const { vendor, architecture, device, description } = gpu.facts;
  const texts = sources();
  const group = like.num_attention_heads / like.num_key_value_heads;
  const biases = [like.qkv_bias, like.o_bias, like.mlp_bias].map(Number).join("");
  const decoded = decodesByProgram(gpu, like) ? "small" : "large";
  const model = `${decoded}, ${group} heads of ${like.head_dim}, norms ${
    Number(like.qk_norm)
  }, biases ${biases}`;
  const key = (own: Scope) =>
    [vendor, architecture, device, description, gpu.profile, gpu.variants, gpu.immediates, texts, model, own]
      .join(SEPARATOR);
  const cache = readCache(file);
  if (texts !== undefined && (key(scope) in cache || key("training") in cache)) return;
  await requireRight(gpu, scope, like);
  if (texts === undefined) return;
  try {
    makeDirectory(file.slice(0, file.lastIndexOf("/")));
    // What other sources have passed says nothing any more: only these are kept.
    const kept = Object.entries(cache).filter(([own]) => own.split(SEPARATOR).includes(texts));
    const passed = { ...Object.fromEntries(kept), [key(scope)]: "passed" };
    writeFileAtomic(file, JSON.stringify(passed, null, 2) + "\n");
  } catch {
    // A folder that may not be written costs the test at every start.
  }
}

/** @throws Error naming the adapter and what differs from f64 */
export async function requireRight(gpu: Gpu, scope: Scope, like?: ModelConfig): Promise<void> {
  const difference = await firstDifference(gpu, scope, like);
  if (difference === undefined) return;
  const name = gpu.facts.description || gpu.facts.device || gpu.facts.vendor || "without a name";
  throw new Error(
    `Cannot use adapter "${name}" with kernels ${gpu.variants} as its self-test fails: ${difference}`,
  );
}

/** Of the engine's files, whatever is changed in them; undefined where they may not be read. */
function sources(): string | undefined {
  try {
    return known ??= digestOfFolder(ENGINE, /(?<!\.test|\.ref|testing)\.(ts|wgsl)$/).slice(0, 12);
  } catch {
    return undefined;
  }
}

function readCache(file: string): v.InferOutput<typeof CacheSchema> {
  try {
    return v.parse(CacheSchema, readJson(file));
  } catch {
    return {};
  }
}
