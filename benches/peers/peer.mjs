// A peer's package from the folder in GHPO_PEERS, and Dawn as the WebGPU that all peers run on.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const require = createRequire(resolve(process.env.GHPO_PEERS ?? ".", "package.json"));

export async function peer(name) {
  return await import(pathToFileURL(require.resolve(name)).href);
}

/** Makes Dawn the global WebGPU, as in a browser. */
export async function openWebGpu() {
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  // In a global for ever: Bun crashes once it is collected.
  globalThis.dawn = create([]);
  Object.defineProperty(globalThis, "navigator", { value: { gpu: globalThis.dawn, userAgent: "bun" } });
  const adapter = await globalThis.dawn.requestAdapter();
  return { description: adapter.info.description };
}
