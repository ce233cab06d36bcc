// All the set-up of a command in one call; the parts are in tools.mjs and driver.mjs.

import { ensureVulkan } from "./driver.mjs";
import { childEnvironment, ensureDependencies, ensureTools } from "./tools.mjs";

/**
 * Sets up what a command needs and resolves with its environment.
 * @param {{ gpu?: boolean }} needs
 * @returns {Promise<Record<string, string>>} process.env with PATH and the driver's variables
 */
export async function setUp({ gpu = true } = {}) {
  await ensureTools();
  await ensureDependencies();
  const driver = gpu ? await ensureVulkan() : { env: {} };
  if (driver.missing) process.stderr.write(`${driver.missing}\n`);
  return childEnvironment(driver.env);
}
