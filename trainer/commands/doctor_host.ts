// One host's GPU as the doctor reports it. `doctor` imports this under Bun with Dawn, and runs it as a
// program under Deno, where it asks Deno's own WebGPU and prints JSON.

import type { Profile } from "#shared/engine/gpu/adapter.ts";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { requireRight } from "#shared/engine/self_test/check_engine.ts";

export interface Host {
  adapter: string;
  /** Vendor and architecture as the host spells them; Deno gives a PCI number. */
  vendor: string;
  /** The kernel family that the engine chooses for it. */
  profile: Profile;
  features: string[];
  /** The limits that the engine asks for, at the adapter's maximum. */
  limits: Record<string, number>;
  self_test: "passed";
}

/** @throws Error when no adapter answers, or when it computes garbage */
export async function examineGpu(entry: GPU | undefined): Promise<Host> {
  const gpu = await openGpu(entry);
  try {
    await checkProducts(gpu);
    await requireRight(gpu, "training");
    const { vendor, architecture, device, description, features, limits } = gpu.facts;
    return {
      adapter: description || device,
      vendor: [vendor, architecture].filter(Boolean).join(" "),
      profile: gpu.profile,
      features,
      limits,
      self_test: "passed",
    };
  } finally {
    gpu.close();
  }
}

if (import.meta.main) {
  try {
    console.log(JSON.stringify(await examineGpu((navigator as { gpu?: GPU }).gpu)));
  } catch (error) {
    console.error((error as Error).message);
    const { process } = globalThis as { process?: { exitCode?: number } };
    if (process) process.exitCode = 1;
  }
}
