// npm run -s bench -- NAME [--json] [--runs N] [--save]
// One bench on Bun, Deno and Node. benches/README.md says what the figures mean.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type Bench, type BenchResult, measure, RUNTIMES } from "./runtimes/measure.ts";
import { corpus, tensorFile, tokenizerFolder } from "./runtimes/inputs.ts";

const READ = ["--allow-read"];

/** What each bench needs is made when it is asked for. */
const BENCHES: Record<string, () => Bench> = {
  verifier: () => ({
    name: "verifier",
    args: ["20000"],
    method: "20,000 generated completions (right, boxed, wrong, none) verified with the strict preset",
    permissions: [],
  }),
  tokenizer: () => {
    const text = corpus();
    return {
      name: "tokenizer",
      args: [tokenizerFolder(), text.path, "1000"],
      method:
        `${text.what} encoded and decoded line by line with Qwen2.5's tokenizer; the process time includes loading its 151,665 entries`,
      permissions: READ,
    };
  },
  safetensors: () => ({
    name: "safetensors",
    args: [tensorFile("F32")],
    method: "a 64 MiB file of 64 f32 tensors in the page cache read into arrays",
    permissions: READ,
  }),
  "safetensors-bf16": () => ({
    name: "safetensors",
    args: [tensorFile("BF16")],
    method: "a 32 MiB file of 64 bf16 tensors in the page cache widened to f32 arrays",
    permissions: READ,
  }),
  generation: () => ({
    name: "generation",
    args: ["64", "64"],
    method:
      "64 completions of 64 tokens sampled side by side from a random 0.26 M Llama, kernels compiled before; " +
      "Bun and Node on Dawn, Deno on its own WebGPU",
    permissions: [],
  }),
  decoding: () => ({
    name: "generation",
    args: ["1", "128"],
    method: "one completion of 128 tokens sampled from a random 0.26 M Llama, kernels compiled before; " +
      "Bun and Node on Dawn, Deno on its own WebGPU",
    permissions: [],
  }),
};

/** A comparison of its own is a program beside this one, with its own flags. */
const own = readdirSync(import.meta.dir).filter((name) => /^(?!main\.)\w+\.ts$/.test(name))
  .map((name) => name.replace(".ts", "").replaceAll("_", "-"));
const runtimes = Object.keys(BENCHES).join(", ");
const names = `${runtimes}, ${own.join(", ")}`;

const program = new Command("bench")
  .description(
    "Times one part of the project; on Bun, Deno and Node unless the part has a comparison of its own",
  )
  .argument("<name>", `${runtimes}; and, with flags of their own (NAME --help), ${own.join(", ")}`)
  .option("--json", "print one JSON object on stdout")
  .option("--runs <n>", "timed runs of each process", "10")
  .option("--save", "also write benches/results/NAME.json")
  .action(async (name: string, options: { json?: true; runs: string; save?: true }) => {
    const bench = BENCHES[name];
    if (!bench) throw new TypeError(`Cannot run the bench "${name}" as there is none: use ${names}`);
    const runs = Number(options.runs);
    if (!Number.isInteger(runs) || runs < 2) {
      throw new RangeError(
        `Cannot run the bench as --runs must be a whole number of at least 2: it is ${options.runs}`,
      );
    }
    const result = { ...await measure(bench(), runs), bench: name };
    if (options.save) {
      const folder = join(import.meta.dir, "results");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(result, null, 2) + "\n");
    }
    console.log(options.json ? JSON.stringify(result) : table(result));
  });

try {
  const [name = "", ...rest] = process.argv.slice(2);
  if (own.includes(name)) {
    const file = join(import.meta.dir, `${name.replaceAll("-", "_")}.ts`);
    if (rest.includes("--help") || rest.includes("-h")) console.log(header(file));
    else {
      process.exitCode = await Bun.spawn([process.execPath, file, ...rest], {
        stdio: ["inherit", "inherit", "inherit"],
      }).exited;
    }
  } else {
    await program.parseAsync();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}

/** The comment that a bench's file begins with says what it does and which flags it takes. */
function header(file: string): string {
  const [head = ""] = /^(?:\/\/.*\n)+/.exec(readFileSync(file, "utf8")) ?? [];
  return head.replace(/^\/\/ ?/gm, "").trimEnd();
}

function table(result: BenchResult): string {
  const rows = RUNTIMES.map((runtime) => {
    const { process_s, process_stddev_s, startup_s, work_s, per_second } = result.figures[runtime];
    return [
      `${runtime} ${result.machine.versions[runtime]}`,
      `${process_s.toFixed(3)} ±${process_stddev_s.toFixed(3)}`,
      startup_s.toFixed(3),
      work_s.toFixed(3),
      Math.round(per_second).toLocaleString("en"),
      `${result.ratios.process[runtime].toFixed(2)}x`,
      `${result.ratios.work[runtime].toFixed(2)}x`,
    ];
  });
  const all = [
    ["", "process s", "startup s", "work s", `${result.unit}/s`, "process", "work vs bun"],
    ...rows,
  ];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
  );
  const { cpu, cores, load } = result.machine;
  return [
    result.method,
    ...lines,
    `${cpu}, ${cores} cores, load ${load.join(" ")}${
      result.same_result ? "" : "; the results differ between runtimes"
    }`,
  ].join("\n");
}
