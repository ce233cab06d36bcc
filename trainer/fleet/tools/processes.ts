// What the programs here have in common: runs of training and workers as processes of their own.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "../../../scripts/cache.mjs";
import { TOOLS } from "../../../scripts/tools.mjs";
import { forEvaluator } from "../../../scripts/permissions.mjs";
import { ROOT } from "../../team/testing.ts";
import { LEARNER, WORKER } from "../testing.ts";

/** The demo's recipe, cut down to a few steps. */
export function settings(steps: number, more: readonly string[] = []): string[] {
  return [
    ...[
      "--train.max_steps",
      String(steps),
      "--train.prompts_per_step",
      "8",
      "--generation.num_generations",
      "4",
    ],
    ...["--generation.max_completion_length", "24", "--ghpo.cold_start_steps", "0", "--eval.eval_every", "0"],
    ...["--checkpoint.save_every", "1", "--checkpoint.keep", "0", ...more],
  ];
}

/**
 * Trains in a process of its own, over workers where there is a server.
 * @returns its processor seconds
 * @throws Error with what it said, unless it ended well
 */
export async function trainProcess(
  path: string,
  words: readonly string[],
  url?: string,
  patience = 30,
): Promise<number> {
  const fleet = url === undefined ? [] : ["--samplers", url, "--sampler-patience", String(patience)];
  const command = ["trainer/main.ts", "train", "demo", "--quiet", "--output_dir", path, ...words, ...fleet];
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: ROOT,
    env: { ...process.env, ...(url && LEARNER) },
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = await new Response(child.stderr).text();
  if (await child.exited !== 0) throw new Error(said);
  return Number(child.resourceUsage()!.cpuTime.total) / 1e6;
}

/** A driver in software that is not the usual one, where the set-up has unpacked it. */
const SWIFTSHADER = join(CACHE, "swiftshader", "vk_swiftshader_icd.json");
export const KINDS = ["bun", "deno", ...(existsSync(SWIFTSHADER) ? ["swiftshader"] as const : [])] as const;
export type Kind = (typeof KINDS)[number];

/** A worker in a process of its own: Dawn under Bun, wgpu under Deno, or Dawn on SwiftShader. */
export class WorkerProcess {
  /** Whether it has loaded weights. */
  hasWeights = false;
  said = "";
  readonly child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #heard: Promise<void>;

  constructor(readonly kind: Kind, url: string) {
    const words = ["worker", "--nats", url];
    const program = kind === "deno" ? [TOOLS.deno, "run", ...forEvaluator(words)] : [process.execPath];
    this.child = Bun.spawn([...program, "evaluator/main.ts", ...words], {
      cwd: ROOT,
      env: { ...process.env, ...WORKER, ...(kind === "swiftshader" && { VK_DRIVER_FILES: SWIFTSHADER }) },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    this.#heard = this.#hear();
  }

  async #hear(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.child.stderr) {
      this.said += decoder.decode(bytes, { stream: true });
      this.hasWeights ||= this.said.includes("\nweights ");
    }
  }

  /** Ends it and waits. Returns its processor seconds. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number> {
    this.child.kill(signal);
    await this.child.exited;
    await this.#heard;
    return Number(this.child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  }

  /** Answers that it has given, as it says at its end. */
  get jobs(): number {
    return Number(/(\d+) jobs done\s*$/.exec(this.said)?.[1] ?? 0);
  }
}
