// Turns the flags into tasks: which benchmarks, under which protocol, with which problems.

import { loadTaskFile, readBenchmark } from "#shared/io/task_files.ts";
import { Random } from "#shared/problems/rng.ts";
import { markedGold } from "#shared/problems/gold.ts";
import { nearest, parse } from "#shared/schemas/parse.ts";
import type { Benchmark } from "#shared/tasks/benchmark.ts";
import type { BenchmarkProblem } from "#shared/tasks/questions.ts";
import { benchmarks } from "#shared/tasks/index.ts";
import { nextQuestion } from "#shared/tasks/prompts.ts";
import { type EvalPreset, type EvalPresetName, evalPresets } from "#shared/tasks/protocols.ts";
import { ColumnsSchema } from "#shared/tasks/task_file.ts";
import { FAMILIES, syntheticTask } from "#shared/tasks/synthetic.ts";
import type { Prompt, Sampling, Task } from "#shared/tasks/task.ts";
import { checkGold } from "#shared/verify/mod.ts";
import type { EvaluateOptions } from "./options.ts";

/** Examples before each question of a base model, unless a flag says how many. */
const BASE_SHOTS = 4;

/** Builds the tasks. Throws when a benchmark is unknown or its file is missing. */
export async function buildTasks(options: EvaluateOptions): Promise<Task[]> {
  const names = [...new Set(options.benchmarks ?? FAMILIES)];
  const tasks: Task[] = [];
  for (const name of names) {
    const task = await namedTask(name, options);
    tasks.push({ ...task, problems: chosen(task, options), verify: options.verifier ?? task.verify });
  }
  const wanted = new Set(options.ids);
  for (const { problems } of tasks) for (const { id } of problems) wanted.delete(id);
  const [lost] = wanted;
  if (lost !== undefined) {
    throw new RangeError(`Cannot evaluate ${lost} as no benchmark has a problem of this id`);
  }
  return tasks.filter(({ problems }) => problems.length > 0);
}

async function namedTask(name: string, options: EvaluateOptions): Promise<Task> {
  if (name.endsWith(".toml")) return await ownTask(name, options);
  const family = FAMILIES.find((known) => known === name);
  if (family === undefined) return await publishedTask(named(name), options);
  const samples = options.samples ?? 1;
  const sampling = samplingOf(evalPresets.plain, samples, options);
  return syntheticTask(family, options.problemsSeed ?? 1, options.perLevel, samples, sampling);
}

/** A task file, whose settings the flags override. */
async function ownTask(path: string, options: EvaluateOptions): Promise<Task> {
  const task = await loadTaskFile(path);
  const unread = task.problems.filter((problem) =>
    problem.choices === undefined &&
    checkGold(markedGold(problem.answer, task.verify), task.verify).verdict !== true
  );
  if (unread.length > 0) {
    console.error(
      `warning: ${unread.length} of ${task.problems.length} answers of ${path} cannot be verified by the grader ` +
        `${task.verify}, the first is that of ${unread[0]?.id}: ${JSON.stringify(unread[0]?.answer)}`,
    );
  }
  const { sampling } = task;
  return {
    ...task,
    samples: options.samples ?? task.samples,
    sampling: {
      temperature: options.temperature ?? sampling.temperature,
      top_p: options.topP ?? sampling.top_p,
      max_tokens: options.maxTokens ?? options.maxCompletionTokens ?? sampling.max_tokens,
      stop: [...sampling.stop, ...(options.stop ?? [])],
    },
  };
}

function named(name: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === name);
  if (found) return found;
  const known = [...FAMILIES, ...benchmarks.map((benchmark) => benchmark.name)];
  throw new RangeError(
    `Cannot evaluate ${name} as it is no benchmark: the nearest known one is ${nearest(name, known)}`,
  );
}

/** The problems that the flags choose, in the order that they ask for. */
function chosen(task: Task, { ids, shuffle, limit }: EvaluateOptions): BenchmarkProblem[] {
  const wanted = ids && new Set(ids);
  const problems = task.problems.filter(({ id }) => wanted === undefined || wanted.has(id));
  if (shuffle !== undefined) {
    const random = new Random(shuffle, 0x5b0ff1e);
    for (let i = problems.length - 1; i > 0; i--) {
      const j = random.between(0, i);
      [problems[i], problems[j]] = [problems[j] as BenchmarkProblem, problems[i] as BenchmarkProblem];
    }
  }
  return limit === undefined ? problems : problems.slice(0, limit);
}

async function publishedTask(benchmark: Benchmark, options: EvaluateOptions): Promise<Task> {
  const presetName = presetOf(options);
  const preset = evalPresets[presetName];
  const protocol = benchmark.protocols[presetName];
  const { base } = options;
  const shots = options.fewShot ?? (base ? BASE_SHOTS : 0);
  const sampling = samplingOf(preset, options.samples ?? protocol.samples, options);
  const marks = [base ? "base prompt" : "", shots > 0 ? `${shots}-shot` : ""].filter((mark) => mark !== "");
  return {
    name: benchmark.name,
    title: benchmark.title,
    preset: [presetName, ...marks].join(", "),
    problems: await readBenchmark(benchmark, {
      data: options.data ?? "data",
      ...(options.columns === undefined
        ? {}
        : { columns: parse(ColumnsSchema, options.columns, "--columns") }),
    }, console.error),
    samples: options.samples ?? protocol.samples,
    sampling: base ? { ...sampling, stop: [...nextQuestion, ...sampling.stop] } : sampling,
    // A protocol's own grader judges where that protocol is asked for by name; base models follow the examples and not
    // the system prompt that it relies on. Otherwise the grader that accepts every reference solution.
    verify: base || options.preset === undefined ? "report" : preset.verify,
    prompt: base
      ? ({ text }) => basePrompt(benchmark, shots, text)
      : ({ text }) => chatPrompt(benchmark, shots, options.system ?? preset.system, protocol.user, text),
  };
}

/** The protocol; a checkpoint is sampled from its whole distribution, which the default for endpoints is not. */
function presetOf(
  { preset, endpoint, completions, batchOut }: EvaluateOptions,
): Exclude<EvalPresetName, "plain"> {
  if (preset !== undefined && preset !== "plain") return preset;
  return endpoint === undefined && completions === undefined && batchOut === undefined
    ? "ghpo-paper"
    : "ghpo-readme";
}

function basePrompt({ base, exemplars }: Benchmark, shots: number, question: string): Prompt {
  const shown = exemplars.slice(0, shots).map((shot) => {
    const asked = base(shot.question);
    return `${asked}${asked.endsWith(" ") ? "" : " "}${shot.answer}\n\n`;
  });
  return { text: shown.join("") + base(question) };
}

function chatPrompt(
  { exemplars }: Benchmark,
  shots: number,
  system: string | null,
  user: (question: string) => string,
  question: string,
): Prompt {
  const first = system === null || system === "" ? [] : [{ role: "system" as const, content: system }];
  const shown = exemplars.slice(0, shots).flatMap((shot) => [
    { role: "user" as const, content: user(shot.question) },
    { role: "assistant" as const, content: shot.answer },
  ]);
  return { messages: [...first, ...shown, { role: "user", content: user(question) }] };
}

/** The preset's sampling with the flags' overrides. */
function samplingOf(preset: EvalPreset, samples: number, options: EvaluateOptions): Sampling {
  // Several greedy samples would be the same text.
  const temperature = samples > 1 ? preset.repeatTemperature : preset.sampling.temperature;
  return {
    temperature: options.temperature ?? temperature,
    top_p: options.topP ?? preset.sampling.top_p,
    max_tokens: options.maxTokens ?? options.maxCompletionTokens ?? preset.sampling.max_tokens,
    stop: [...preset.sampling.stop, ...(options.stop ?? [])],
  };
}
