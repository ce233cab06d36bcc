// What the benches work on, made once and kept in .cache/bench: nothing is downloaded except a tokenizer.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type StoredType, writeSafetensors } from "#shared/io/safetensors_writer.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";

const ROOT = join(import.meta.dir, "..", "..");
const FOLDER = join(ROOT, ".cache", "bench");

/** GSM8K's training problems where the outside fixtures have them, else generated problems. */
export function corpus(): { path: string; what: string } {
  const gsm8k = join(process.env.GHPO_SHARED ?? join(ROOT, "..", "shared"), "data", "gsm8k-train.jsonl");
  if (existsSync(gsm8k)) return { path: gsm8k, what: "GSM8K's first 1,000 training rows" };
  const path = join(FOLDER, "corpus.txt");
  mkdirSync(FOLDER, { recursive: true });
  const problems = syntheticProblems({
    families: ["chain", "addition", "linear", "gcd", "product", "fraction"],
    levels: [2, 3, 4],
    count: 1000,
    seed: 1,
    split: "train",
  });
  writeFileSync(path, problems.map(({ text, trace }) => `${text} ${trace?.text ?? ""}`).join("\n"));
  return { path, what: "1,000 generated problems" };
}

/** The folder of Qwen2.5's tokenizer files. */
export function tokenizerFolder(): string {
  const script = join(ROOT, "scripts", "fetch_tokenizer.mjs");
  const { exitCode, stdout } = Bun.spawnSync(["node", script], { stderr: "inherit" });
  if (exitCode !== 0) throw new Error("Cannot run the bench as the tokenizer could not be fetched");
  return stdout.toString().trim();
}

/** 64 tensors of 512 x 512 values. */
export function tensorFile(dtype: StoredType): string {
  const path = join(FOLDER, `${dtype}.safetensors`);
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  const tensors = Array.from({ length: 64 }, (_, i) => ({
    name: `layer.${i}.weight`,
    shape: [512, 512],
    data: Float32Array.from({ length: 512 * 512 }, (_, j) => Math.sin(i * 7919 + j) / 16),
  }));
  writeSafetensors(path, tensors, { dtype });
  return path;
}
