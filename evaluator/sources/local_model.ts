// The shared engine under Deno and Bun: a checkpoint directory on the runtime's own WebGPU or on Dawn.

import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import process from "node:process";
import { openCheckpoint } from "#shared/engine/generation/open_checkpoint.ts";
import { type Gpu, openGpu, type OpenOptions } from "#shared/engine/gpu/device.ts";
import { ggufOf } from "#shared/io/gguf.ts";
import { fileError } from "#shared/io/files.ts";
import { fileEntry, sha256 } from "#shared/io/hash.ts";
import { modelDirectory } from "#shared/io/model_directory.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { type Context, contextOf } from "#shared/engine/model/context.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import type { Model } from "#shared/engine/model/weights.ts";
import { type StopsAt, stopsAt } from "#shared/text/stop_strings.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { UnknownWords } from "#shared/text/unknown_words.ts";
import type { Sample } from "#shared/engine/generation/requests.ts";
import type { LocalModel } from "./checkpoint.ts";
import type { Prompt } from "#shared/tasks/task.ts";

/** The files that decide what a model answers. */
const MODEL_FILES =
  /^(config|adapter_config|generation_config|tokenizer|tokenizer_config)\.json$|\.safetensors$|\.jinja$/;

/** Rows that generate side by side. */
const ROWS = 128;

interface ModelOptions {
  /** Directory of PEFT adapters. */
  adapter?: string | undefined;
  /** Told to the chat template. */
  enableThinking?: boolean | undefined;
}

/** A model ready to generate, with what the result says about it. */
export interface OpenedModel extends LocalModel {
  /** SHA-256 over the digests of the configuration and the weight files. */
  readonly digest: string;
  readonly engine: { runtime: string; adapter: string; kernels: string };
  /** Where its files are. */
  readonly directory: string;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  /** A prompt as the model reads it. */
  textOf(prompt: Prompt): string;
  /** Tells after how many ids a completion ends by one of the texts. */
  endsAt(stop: readonly string[]): StopsAt | undefined;
  close(): void;
}

/**
 * Loads a checkpoint directory, or the best or newest of a run's, onto the default GPU, with the PEFT adapters of another merged into it. Throws when the
 * GPU computes garbage.
 */
export async function openLocalModel(
  path: string,
  { adapter, enableThinking, ...options }: OpenOptions & ModelOptions = {},
): Promise<OpenedModel> {
  const directory = modelDirectory(path);
  const digest = adapter === undefined
    ? digestOf(directory)
    : sha256(JSON.stringify([directory, adapter].map(digestOf)));
  const gpu = await openGpu(await gpuEntry(), options);
  const model = await openCheckpoint(gpu, directory, adapter);
  return new Checkpoint(gpu, model, directory, digest, enableThinking);
}

/**
 * Deno's own WebGPU, or Dawn: in Bun, which has none, and in Deno where GHPO_DAWN=1 asks for it. Dawn is a
 * native library, which Deno loads only with --allow-ffi; `scripts/run.mjs` passes that for GHPO_DAWN=1.
 */
export async function gpuEntry(): Promise<GPU | undefined> {
  if (process.versions.bun === undefined && process.env["GHPO_DAWN"] !== "1") return navigator.gpu;
  const { dawn } = await import("#shared/engine/hosts/dawn.ts");
  return dawn();
}

class Checkpoint implements OpenedModel {
  readonly identity: Record<string, string>;
  readonly engine: { runtime: string; adapter: string; kernels: string };
  readonly context: Context;
  readonly #generator: Generator;
  readonly #variables: Record<string, unknown>;
  #tokenizer: Tokenizer | undefined;

  constructor(
    readonly gpu: Gpu,
    readonly model: Model,
    readonly directory: string,
    readonly digest: string,
    enableThinking: boolean | undefined,
  ) {
    this.#variables = enableThinking === undefined ? {} : { enable_thinking: enableThinking };
    const variables = JSON.stringify(this.#variables);
    this.identity = {
      source: "checkpoint",
      sha256: digest,
      ...(variables === "{}" ? {} : { chat: variables }),
    };
    const { description, device } = gpu.facts;
    this.engine = {
      runtime: process.versions.bun ? `Bun ${process.versions.bun}` : `Deno ${process.versions["deno"]}`,
      adapter: description || device || "unknown adapter",
      kernels: gpu.variants,
    };
    this.context = contextOf(model.config);
    this.#generator = new Generator(model, { rows: ROWS });
  }

  /** Read at its first use, so that token ids need no tokenizer files. */
  get tokenizer(): Tokenizer {
    if (!this.#tokenizer) {
      this.#tokenizer = loadTokenizer(this.directory);
      this.#tokenizer.limit(this.model.config.vocab_size);
    }
    return this.#tokenizer;
  }

  encode(prompt: Prompt): number[] {
    const text = this.textOf(prompt);
    return "text" in prompt ? this.tokenizer.encodePlain(text) : this.tokenizer.encode(text);
  }

  textOf(prompt: Prompt): string {
    return "text" in prompt ? prompt.text : this.tokenizer.chat(prompt.messages, this.#variables);
  }

  unknownWord(prompt: Prompt): string | null {
    return UnknownWords.of(this.tokenizer).firstOf(this.textOf(prompt));
  }

  decode(ids: ArrayLike<number>): string {
    return this.tokenizer.decode(ids);
  }

  generate(
    requests: Parameters<LocalModel["generate"]>[0],
    { max_tokens, temperature, seed, stop }: Parameters<LocalModel["generate"]>[1],
  ): Promise<Sample[][]> {
    return this.#generator.generate(requests, {
      max_tokens,
      temperature,
      greedy: temperature === 0,
      seed,
      eos_ids: this.model.config.eos_token_ids,
      ends: this.endsAt(stop),
    });
  }

  endsAt(stop: readonly string[]): StopsAt | undefined {
    return stop.length === 0 ? undefined : stopsAt(this.tokenizer, stop);
  }

  close(): void {
    this.#generator.destroy();
    this.model.destroy();
    this.gpu.close();
  }
}

/** Two directories with the same digest hold the same model and tokenizer. */
function digestOf(directory: string): string {
  const gguf = ggufOf(directory);
  if (gguf !== undefined) return sha256(JSON.stringify(fileEntry(dirname(gguf), basename(gguf))));
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => MODEL_FILES.test(name));
  } catch (cause) {
    throw fileError("read", directory, cause);
  }
  return sha256(JSON.stringify(names.sort().map((name) => fileEntry(directory, name))));
}
