// The weights of a model directory in the Hugging Face layout: model.safetensors, or shards with an index.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { parse } from "#shared/schemas/parse.ts";
import { writeFileAtomic } from "./atomic_write.ts";
import { readJson } from "./files.ts";
import { SafetensorsFile, type TensorInfo } from "./safetensors.ts";
import { type StoredType, type Tensor, writeSafetensors } from "./safetensors_writer.ts";
import type { Rows } from "./tensor_file.ts";

const SINGLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

const IndexSchema = v.object({
  weight_map: v.record(
    v.string(),
    v.pipe(v.string(), v.regex(/^[^/\\]+\.safetensors$/, "must be a plain file name")),
  ),
});

/** Whether a directory has weight files. */
export function hasWeights(directory: string): boolean {
  return existsSync(join(directory, SINGLE)) || existsSync(join(directory, INDEX));
}

/** The tensors of all weight files of a directory. Close it when done. */
export class WeightFiles {
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #fileOf: ReadonlyMap<string, SafetensorsFile>;
  readonly #files: readonly SafetensorsFile[];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    const files = new Map<string, SafetensorsFile>();
    try {
      const fileOf = new Map<string, SafetensorsFile>();
      const open = (name: string) => {
        const file = files.get(name) ?? new SafetensorsFile(join(directory, name));
        files.set(name, file);
        return file;
      };
      if (existsSync(join(directory, SINGLE))) {
        const file = open(SINGLE);
        for (const name of file.tensors.keys()) fileOf.set(name, file);
      } else if (existsSync(join(directory, INDEX))) {
        const path = join(directory, INDEX);
        for (const [name, shard] of Object.entries(parse(IndexSchema, readJson(path), path).weight_map)) {
          const file = open(shard);
          if (!file.tensors.has(name)) {
            throw new TypeError(
              `Cannot load ${file.path} as tensor ${name}, which ${INDEX} says is there, is missing`,
            );
          }
          fileOf.set(name, file);
        }
      } else {
        throw new Error(`Cannot load ${directory} as it has neither ${SINGLE} nor ${INDEX}`);
      }
      this.#fileOf = fileOf;
      this.tensors = new Map([...fileOf].map(([name, file]) => [name, file.tensors.get(name)!]));
      this.#files = [...files.values()];
    } catch (error) {
      for (const file of files.values()) file.close();
      throw error;
    }
  }

  /** One tensor as f32, row by row; see `SafetensorsFile.read`. */
  read(name: string, shape?: readonly number[], rows?: Rows): Float32Array<ArrayBuffer> {
    const file = this.#fileOf.get(name);
    if (file === undefined) {
      throw new TypeError(`Cannot load ${this.#directory} as tensor ${name} is missing`);
    }
    return file.read(name, shape, rows);
  }

  close(): void {
    for (const file of this.#files) file.close();
  }
}

export interface WeightOptions {
  dtype?: StoredType;
  /** A larger tensor gets a shard of its own. */
  maxShardBytes?: number;
}

/** One weight file and what goes into it. */
export interface WeightShard<T> {
  file: string;
  tensors: T[];
}

/** The files that tensors of these shapes go into, in order: one, or shards. */
export function weightShards<T extends Pick<Tensor, "shape">>(
  tensors: readonly T[],
  { dtype = "F32", maxShardBytes = 5e9 }: WeightOptions = {},
): WeightShard<T>[] {
  const shards: T[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = bytesOf(tensor, dtype);
    if (bytes > 0 && bytes + size > maxShardBytes) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(tensor);
    bytes += size;
  }
  const number = (n: number) => String(n).padStart(5, "0");
  return shards.map((own, i) => ({
    file: shards.length === 1 ? SINGLE : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`,
    tensors: own,
  }));
}

/** Writes the index of shards, once they are all there; one file needs none. */
export function writeIndex(
  directory: string,
  shards: readonly WeightShard<Pick<Tensor, "name" | "shape">>[],
  dtype: StoredType = "F32",
): void {
  if (shards.length === 1) return;
  const entries = shards.flatMap(({ file, tensors }) => tensors.map(({ name }) => [name, file]));
  const total_size = shards.flatMap(({ tensors }) => tensors).reduce(
    (sum, own) => sum + bytesOf(own, dtype),
    0,
  );
  const index = { metadata: { total_size }, weight_map: Object.fromEntries(entries) };
  writeFileAtomic(join(directory, INDEX), `${JSON.stringify(index, null, 2)}\n`);
}

/** Writes the tensors of a model into a directory, the index last. */
export function writeWeights(
  directory: string,
  tensors: readonly Tensor[],
  options: WeightOptions = {},
): void {
  const shards = weightShards(tensors, options);
  for (const shard of shards) {
    writeSafetensors(join(directory, shard.file), shard.tensors, options);
  }
  writeIndex(directory, shards, options.dtype);
}

function bytesOf({ shape }: Pick<Tensor, "shape">, dtype: StoredType): number {
  return shape.reduce((product, n) => product * n, dtype === "F32" ? 4 : 2);
}
