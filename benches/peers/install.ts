// The peers of all benches, which are no dependencies of the project, and how to get them.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

const INSTALL = "npm install --prefix .cache/peers --no-save @jax-js/jax@0.1.25 @tensorflow/tfjs@4.22.0 " +
  "@tensorflow/tfjs-backend-webgpu@4.22.0 node-llama-cpp@3.22.1";

/**
 * The folder of the peers as an absolute path.
 * @throws Error when one of `packages` is not there
 */
export function peersFolder(folder: string, packages: readonly string[]): string {
  const path = resolve(folder);
  const missing = packages.find((name) => !existsSync(join(path, "node_modules", name)));
  if (missing === undefined) return path;
  throw new Error(
    `Cannot compare with ${missing} as it must be in ${path}: run \`${INSTALL}\`, or give --alone`,
  );
}
