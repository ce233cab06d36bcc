// doctor: is this machine ready? Runtime versions, the adapter that Dawn (trainer) and Deno (evaluator) each get, the
// limits and features that the engine uses, the self-test, and what to do when something is missing.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dawn } from "#shared/engine/hosts/dawn.ts";
import { examineGpu, type Host } from "./doctor_host.ts";

/** One host's adapter, or the sentence that says why there is none. */
type Finding = Host | { error: string };

export interface Report {
  ok: boolean;
  runtimes: Record<"bun" | "deno" | "node", string | null>;
  /** The Vulkan drivers chosen by the set-up or by the user; null means the system's own. */
  driver_files: string | null;
  /** The trainer's GPU: Dawn in this process. */
  trainer: Finding;
  /** The evaluator's GPU: Deno's own WebGPU, asked in a child process. */
  evaluator: Finding;
}

const ADVICE =
  `What to do: run \`npm run demo\` or \`npm test\`, which fetch a software driver where they can.
On Linux a GPU needs its Vulkan driver and the loader: mesa-vulkan-drivers and libvulkan1 on Debian and
Ubuntu, or the graphics card's own driver. Choose among several drivers with VK_DRIVER_FILES=ICD.json.`;

/** Prints the report, and ends the process with code 1 when either side has no usable GPU. */
export async function doctor(options: { json: boolean }): Promise<void> {
  const report = await examine();
  console.log(options.json ? JSON.stringify(report) : render(report));
  if (!report.ok) process.exitCode = 1;
}

export async function examine(): Promise<Report> {
  const trainer = await examineGpu(dawn()).catch((error: Error) => ({ error: error.message }));
  const evaluator = isBundle() ? trainer : denoGpu();
  return {
    ok: !("error" in trainer) && !("error" in evaluator),
    runtimes: { bun: Bun.version, deno: version("deno"), node: version("node") },
    driver_files: process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? null,
    trainer,
    evaluator,
  };
}

/** An offline bundle has no Deno: Bun runs its evaluator, on Dawn. */
function isBundle(): boolean {
  return existsSync(new URL("../../offline.json", import.meta.url));
}

function denoGpu(): Finding {
  const script = fileURLToPath(new URL("./doctor_host.ts", import.meta.url));
  const { exitCode, stdout, stderr } = spawn(["deno", "run", "--quiet", "--no-prompt", script]);
  if (exitCode === 0) return JSON.parse(stdout) as Finding;
  return { error: stderr.trim().split("\n").at(-1) || `deno ended with code ${exitCode}` };
}

function version(program: "deno" | "node"): string | null {
  const { exitCode, stdout } = spawn([program, "--version"]);
  return exitCode === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? null : null;
}

function spawn(command: string[]): { exitCode: number; stdout: string; stderr: string } {
  try {
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  } catch (error) {
    return { exitCode: 127, stdout: "", stderr: (error as Error).message }; // not on the PATH
  }
}

export function render(report: Report): string {
  const runtimes = Object.entries(report.runtimes).map(([name, found]) => `${name} ${found ?? "is missing"}`);
  const lines = [`runtimes   ${runtimes.join(", ")}`, `drivers    ${report.driver_files ?? "the system's"}`];
  for (const side of ["trainer", "evaluator"] as const) {
    const found = report[side];
    if ("error" in found) {
      lines.push(`${side.padEnd(11)}${found.error}`);
      continue;
    }
    lines.push(
      `${side.padEnd(11)}${found.adapter} (vendor ${found.vendor})`,
      `           self-test ${found.self_test}, ${found.profile} kernels`,
      `           features ${found.features.join(" ") || "none"}`,
      ...Object.entries(found.limits).map(([name, value]) => `           ${name} ${value}`),
    );
  }
  if (!report.ok) lines.push("", ADVICE);
  return lines.join("\n");
}
