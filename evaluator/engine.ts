// The shared engine under Deno: a checkpoint directory on Deno's own WebGPU.

import type { LocalModel } from "./sources/checkpoint.ts";

/** A model ready to generate, with what the result says about it. */
export interface OpenedModel extends LocalModel {
  digest: string;
  engine: { runtime: string; adapter: string };
  close(): void;
}

export function openCheckpoint(directory: string): Promise<OpenedModel> {
  return Promise.reject(new Error(`Cannot load ${directory}`));
}
