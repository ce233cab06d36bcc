// Dawn, Google's WebGPU, through npm `webgpu`: the only file that knows it.

import { create, globals } from "webgpu";

const kept = globalThis as { __ghpoDawn?: GPU };

/**
 * The process's one Dawn instance. It is kept in a global for ever: once collected, the next
 * asynchronous call crashes the process.
 */
export function dawn(): GPU {
  if (!kept.__ghpoDawn) {
    Object.assign(globalThis, globals);
    kept.__ghpoDawn = create(["enable-dawn-features=allow_unsafe_apis"]);
  }
  return kept.__ghpoDawn;
}
