// Turns the flags into tasks: which benchmarks, under which protocol, with which problems.

import { readText } from "#shared/io/files.ts";
import { nearest } from "#shared/schemas/parse.ts";
import { benchmarks } from "../benchmarks/index.ts";
import type { Benchmark, BenchmarkProblem } from "../benchmarks/benchmark.ts";
import { FAMILIES, syntheticTask } from "../benchmarks/synthetic.ts";
import { type Preset, type PresetName, presets, type Sampling } from "../presets.ts";
import type { Prompt } from "../sample.ts";
import type { Task } from "../task.ts";
import type { EvaluateOptions } from "./options.ts";

/** Builds the tasks. Throws when a benchmark is unknown or its file is missing. */
export async function buildTasks(options: EvaluateOptions): Promise<Task[]> {
  const names = [...new Set(options.benchmarks ?? FAMILIES)];
  const tasks: Task[] = [];
  for (const name of names) {
    const family = FAMILIES.find((known) => known === name);
    const task = family === undefined ? await publishedTask(named(name), options) : syntheticTask(
      family,
      options.problemsSeed ?? 1,
      options.perLevel,
      options.samples ?? 1,
      samplingOf(presets.plain, options.samples ?? 1, options),
    );
    const problems = options.limit === undefined ? task.problems : task.problems.slice(0, options.limit);
    tasks.push({ ...task, problems, verify: options.verifier ?? task.verify });
  }
  return tasks;
}

function named(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found) return found;
  const known = [...FAMILIES, ...benchmarks.map((benchmark) => benchmark.name)];
  throw new RangeError(
    `Cannot evaluate ${name} as it is no benchmark: the nearest known one is ${nearest(name, known)}`,
  );
}

async function publishedTask(benchmark: Benchmark, options: EvaluateOptions): Promise<Task> {
  const presetName: Exclude<PresetName, "plain"> = options.preset === undefined || options.preset === "plain"
    ? "ghpo-readme"
    : options.preset;
  const preset = presets[presetName];
  const protocol = benchmark.protocols[presetName];
  return {
    name: benchmark.name,
    title: benchmark.title,
    preset: options.base ? `${presetName}, base prompt` : presetName,
    problems: await readBenchmark(benchmark, options.data ?? "data"),
    samples: options.samples ?? protocol.samples,
    sampling: samplingOf(preset, options.samples ?? protocol.samples, options),
    verify: preset.verify,
    prompt: options.base
      ? ({ text }: BenchmarkProblem): Prompt => ({ text: benchmark.base(text) })
      : ({ text }: BenchmarkProblem): Prompt => chatPrompt(preset, protocol.user(text)),
  };
}

/** Reads and checks a benchmark's file in `folder`; the error says where to get it. */
export async function readBenchmark(benchmark: Benchmark, folder: string): Promise<BenchmarkProblem[]> {
  const { name, rows, url, licence } = benchmark.file;
  let text: string;
  try {
    text = readText(`${folder}/${name}`);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(
      `${reason}; run \`npm run -s evaluate -- download ${benchmark.name}\` or get it from ${url} (${licence})`,
      { cause },
    );
  }
  const problems = await benchmark.read(text);
  if (problems.length !== rows) {
    console.error(`warning: ${name} has ${problems.length} problems, the published benchmark ${rows}`);
  }
  return problems;
}

function chatPrompt(preset: Preset, user: string): Prompt {
  const system = preset.system === null ? [] : [{ role: "system" as const, content: preset.system }];
  return { messages: [...system, { role: "user", content: user }] };
}

/** The preset's sampling with the flags' overrides. */
function samplingOf(preset: Preset, samples: number, options: EvaluateOptions): Sampling {
  // Several greedy samples would be the same text.
  const temperature = samples > 1 ? preset.repeatTemperature : preset.sampling.temperature;
  return {
    ...preset.sampling,
    temperature: options.temperature ?? temperature,
    top_p: options.topP ?? preset.sampling.top_p,
    max_tokens: options.maxTokens ?? preset.sampling.max_tokens,
  };
}
