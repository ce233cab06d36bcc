// The adapter for programs that import ghpo without the launcher: the same search for a Vulkan driver that computes right
// as scripts/driver.mjs makes for the commands, with the driver put into this process. The launcher sets VK_DRIVER_FILES
// and LD_LIBRARY_PATH before it starts a command; a process that runs already has to do it by libc: in Bun `process.env`
// is a copy that no library sees, and the loader is found by its name because it is open by its path.

import { dlopen, FFIType, ptr } from "bun:ffi";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureVulkan } from "../../scripts/driver.mjs";

let ready: Promise<void> | undefined;

/**
 * Makes an adapter available to this process; fetches a software Vulkan driver into the package's .cache folder where no
 * GPU answers. Later calls wait for the first.
 *
 * @throws Error with what to install when no driver can be had
 */
export function prepareAdapter(): Promise<void> {
  return ready ??= prepare();
}

async function prepare(): Promise<void> {
  const { env, missing } = await ensureVulkan();
  if (missing !== undefined) throw new Error(missing);
  if (env["VK_DRIVER_FILES"] === undefined) return; // the system's own answers
  const { symbols: { setenv } } = dlopen("libc.so.6", {
    setenv: { args: [FFIType.ptr, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  });
  for (const [name, value] of Object.entries(env)) {
    process.env[name] = value; // for child processes
    setenv(ptr(Buffer.from(`${name}\0`)), ptr(Buffer.from(`${value}\0`)), 1);
  }
  const folders = (env["LD_LIBRARY_PATH"] ?? "").split(delimiter);
  const loader = folders.map((folder) => join(folder, "libvulkan.so.1")).find(existsSync);
  if (loader === undefined) return;
  dlopen(loader, { vkGetInstanceProcAddr: { args: [FFIType.ptr, FFIType.ptr], returns: FFIType.ptr } });
}
