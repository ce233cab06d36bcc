// Dawn, Google's WebGPU, through npm `webgpu`: the only file of the product that imports it.

import { create, globals } from "webgpu";
import { withoutKnownWarnings } from "./dawn_warnings.ts";

const kept = globalThis as { __ghpoDawn?: GPU };

/**
 * The process's one Dawn instance. It is kept in a global for ever: once collected, the next
 * asynchronous call crashes the process.
 */
export function dawn(): GPU {
  if (!kept.__ghpoDawn) {
    Object.assign(globalThis, globals);
    // On NVIDIA's Vulkan drivers Dawn hides shader-f16, as some of its own tests fail there. Matrix products by units for
    // f16 need it; they are tested on the adapter before they are used.
    const instance = create(["enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia"]);
    // Dawn looks for adapters once, before the first call returns. A later call reports any error.
    withoutKnownWarnings(() => void instance.requestAdapter().catch(() => null));
    kept.__ghpoDawn = instance;
  }
  return kept.__ghpoDawn;
}
