// Does a usable adapter answer? Run under Bun: opens the GPU as the trainer does and lets the engine's
// self-test judge the driver; prints the adapter as JSON and ends with 0, or says why not and ends with 1.
// Always run in a child process: some drivers crash instead of refusing.

import { openGpu } from "#shared/engine/gpu/device.ts";
import { checkProducts } from "#shared/engine/ops/matmul/check_products.ts";
import { dawn } from "#shared/engine/hosts/dawn.ts";

try {
  const gpu = await openGpu(dawn());
  await checkProducts(gpu);
  const { vendor, architecture, device, description } = gpu.facts;
  console.log(JSON.stringify({ vendor, architecture, device, description }));
  process.exit(0);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
