// Files as web streams of bytes, a piece at a time, for what is too large to hold in memory.

import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileError } from "./files.ts";
import { ggufOf } from "./gguf.ts";

const CHUNK_BYTES = 1 << 20;

/** Files of a model's directory, or of one of adapters, that say what it computes. */
const MODEL_FILES =
  /^(config|generation_config|adapter_config)\.json$|\.safetensors$|\.safetensors\.index\.json$/;

/** The directory of a model, a GGUF file or adapters, and the names of their files in it. */
export function modelFiles(model: string): [directory: string, names: string[]] {
  const gguf = ggufOf(model);
  if (gguf !== undefined) return [dirname(gguf), [basename(gguf)]];
  const names = guarded("read", model, () => readdirSync(model));
  return [model, names.filter((name) => MODEL_FILES.test(name)).sort()];
}

export function openBytes(path: string): ReadableStream<Uint8Array> {
  const file = guarded("read", path, () => openSync(path, "r"));
  return new ReadableStream({
    pull(controller) {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = guarded("read", path, () => readSync(file, chunk));
      if (count > 0) return controller.enqueue(chunk.subarray(0, count));
      closeSync(file);
      controller.close();
    },
    cancel: () => closeSync(file),
  });
}

export async function writeBytes(path: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const file = guarded("write", path, () => openSync(path, "w"));
  try {
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (let at = 0; at < value.length;) {
        at += guarded("write", path, () => writeSync(file, value.subarray(at)));
      }
    }
  } finally {
    closeSync(file);
  }
}

function guarded<T>(action: "read" | "write", path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw fileError(action, path, cause);
  }
}
