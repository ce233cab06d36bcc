// What Deno may touch, listed one by one; anything else fails at once instead of asking.

import { join } from "node:path";
import { ROOT } from "./cache.mjs";

/** Environment variables that the project and its dependencies read. */
const VARIABLES = [
  "GHPO_SHARED", // folder of outside fixtures
  "NODE_ENV,ENV,ELYSIA_AOT", // Elysia
  "OPENAI_API_KEY", // endpoints
  "GHPO_TOKEN,GHPO_ACCESS", // callers of the service
  "GHPO_DAWN", // which WebGPU
  "GHPO_NATS_USER,GHPO_NATS_PASSWORD,GHPO_NATS_CA", // the server of samplers
  "TMPDIR,TMP,TEMP", // where its weights pass through
  "NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE", // commander
  "__MINIMATCH_TESTING_PLATFORM__", // globSync of Deno's node:fs, which has minimatch inside
];

const COMMON = ["--no-prompt", "--allow-read", `--allow-env=${VARIABLES.join(",")}`];

/** Models, results and journals lie where the user says; a compatible endpoint may be anywhere. */
export const EVALUATOR = [...COMMON, "--allow-write", "--allow-net"];

/** Dawn is a native library, which no sandbox holds: Deno may load it only where GHPO_DAWN=1 asks for it. */
export const DAWN = [`--allow-ffi=${join(ROOT, "node_modules", "webgpu")}`];

/** The verifier reads rows and prints verdicts. */
export const VERIFIER = COMMON;

/**
 * Tests write to the given folders, talk to themselves and start programs; a list of those would forbid
 * handing them LD_LIBRARY_PATH, which the software driver needs.
 * @param {string[]} write
 */
export function forTests(write) {
  return [
    "--no-prompt",
    "--allow-read",
    `--allow-env=${[...VARIABLES, "GHPO_SKIP_LOG", "TMPDIR,TMP,TEMP"].join(",")}`,
    `--allow-write=${write.join(",")}`,
    "--allow-net=127.0.0.1,localhost",
    "--allow-run",
  ];
}
