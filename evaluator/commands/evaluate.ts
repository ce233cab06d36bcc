// `evaluate`: asks a source the questions of some benchmarks, un-hinted, journals every answer, scores them
// and writes the result. After Ctrl-C or a kill, the same command continues where it ended.

import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { prepareToWrite } from "#shared/io/files.ts";
import {
  type BenchmarkScore,
  EvaluationResultSchema,
  type EvaluationRow,
} from "#shared/schemas/evaluation.ts";
import { parse } from "#shared/schemas/parse.ts";
import type { Task } from "#shared/tasks/task.ts";
import { Journal } from "../run/journal.ts";
import { requestsOf, type SampleRequest, taskHash } from "../run/request.ts";
import { run, type RunProgress } from "../run/run.ts";
import type { SampleRecord } from "../run/source.ts";
import { scoreTask } from "../scoring/score_task.ts";
import { averagesOf } from "../scoring/summary.ts";
import { evaluationTable } from "../scoring/table.ts";
import { writeBatch } from "./batch.ts";
import { keepOther } from "./kept_result.ts";
import { type EvaluateOptions, readEvaluateOptions } from "./options.ts";
import { exitCode, showProgress, warnings } from "./outcome.ts";
import { RowFile } from "./row_file.ts";
import { type OpenedSource, openSource } from "./source.ts";
import { buildTasks } from "./tasks.ts";

/** Runs the command and returns its exit code. Progress goes to stderr, the result to stdout. */
export async function evaluate(raw: unknown): Promise<number> {
  const options = readEvaluateOptions(raw);
  const started = performance.now();
  const tasks = await buildTasks(options);
  if (options.dryRun) return printPrompts(tasks);
  const seed = options.seed ?? 0;
  if (options.batchOut !== undefined) return await writeBatch(options, options.batchOut, tasks, seed);
  if (options.out !== undefined) {
    for (const path of [options.out, pathsOf(options).rows]) prepareToWrite(path);
  }
  const opened = await openSource(options, tasks, seed);
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  try {
    if (options.out !== undefined && !options.overwrite) {
      await keepOther(options.out, { ...opened, seed, tasks });
    }
    using answers = await collect(options, opened, tasks, seed, stop.signal);
    const { progress } = answers;
    const rows = options.out ? new RowFile(pathsOf(options).rows) : null;
    const kept: EvaluationRow[] = [];
    const onRow = (row: EvaluationRow): void =>
      rows ? rows.write(row) : void (options.json && kept.push(row));
    const benchmarks: BenchmarkScore[] = [];
    try {
      for (const task of tasks) {
        const scored = await scoreTask(task, requestsOf(task, opened.identity, seed), answers.find, {
          onRow,
        });
        if (scored) benchmarks.push(scored);
      }
    } catch (error) {
      rows?.discard();
      throw error;
    }
    if (benchmarks.length === 0) {
      rows?.discard();
      const [reason = "the run was stopped"] = [progress.stopped, ...progress.reasons.keys()].filter((why) =>
        why !== null
      );
      throw new Error(`Cannot score as no sample is finished: ${reason}`);
    }
    const found = benchmarks.reduce(
      (sum, { problems }) => sum + problems.reduce((n, p) => n + p.samples, 0),
      0,
    );
    const missing = progress.total - found;
    const duration_s = (performance.now() - started) / 1000;
    const result = parse(EvaluationResultSchema, {
      format_version: 1,
      model: opened.model,
      model_sha256: opened.digest,
      source: opened.kind,
      seed,
      problems_seed: tasks.some((task) => task.checkTrace) ? options.problemsSeed ?? 1 : null,
      complete: missing === 0,
      benchmarks,
      ...averagesOf(benchmarks),
      rows: options.out ? pathsOf(options).rows : kept,
      run: {
        created_at: new Date().toISOString(),
        duration_s,
        engine: opened.engine,
        ...usageOf(options, benchmarks, progress, duration_s),
      },
    }, "the evaluation result");
    rows?.finish();
    if (options.out) writeFileAtomic(options.out, JSON.stringify(result, null, 2) + "\n");
    console.log(options.json ? JSON.stringify(result) : evaluationTable(result));
    for (const warning of benchmarks.flatMap(warnings)) console.error(warning);
    if (options.out) {
      console.error(
        `Wrote ${options.out}; see every answer with: npm run -s evaluate -- report ${options.out}`,
      );
    }
    return exitCode(options, result, missing, progress, stop.signal.aborted);
  } finally {
    Deno.removeSignalListener("SIGINT", onInterrupt);
    opened.close();
  }
}

/** The answers of a run, to be looked up by request. */
interface Answers extends Disposable {
  find(request: SampleRequest): SampleRecord | undefined;
  progress: RunProgress;
}

/** Asks for what the journal lacks; a file of completions is only looked up. */
async function collect(
  options: EvaluateOptions,
  { answers, identity }: OpenedSource,
  tasks: readonly Task[],
  seed: number,
  signal: AbortSignal,
): Promise<Answers> {
  const total = tasks.reduce((sum, task) => sum + task.problems.length * task.samples, 0);
  if ("completions" in answers) {
    const { completions } = answers;
    const progress: RunProgress = {
      ...{ done: 0, failed: 0, total, answered: 0, tokens: 0, promptTokens: 0 },
      reasons: new Map(),
      stopped: null,
    };
    const find = (request: SampleRequest): SampleRecord | undefined => {
      const record = completions.get(request);
      if (record) return record;
      const reason = completions.reasonFor(request);
      progress.reasons.set(reason, (progress.reasons.get(reason) ?? 0) + 1);
      return undefined;
    };
    return { find, progress, [Symbol.dispose]: () => {} };
  }
  const temporary = !options.out && !options.journal;
  const path = pathsOf(options).journal;
  const journal = Journal.open(path);
  try {
    if (journal.isEmpty) journal.append([await header(identity, tasks)]);
    const requests = requestsOfAll(tasks, identity, seed);
    const progress = await run(answers.source, requests, total, journal, signal, showProgress());
    const dispose = (): void => {
      journal[Symbol.dispose]();
      if (temporary) Deno.removeSync(path);
    };
    return { find: ({ key }) => journal.get(key), progress, [Symbol.dispose]: dispose };
  } catch (error) {
    journal[Symbol.dispose]();
    if (temporary) Deno.removeSync(path);
    throw error;
  }
}

async function* requestsOfAll(tasks: readonly Task[], identity: Record<string, string>, seed: number) {
  for (const task of tasks) yield* requestsOf(task, identity, seed);
}

/** Tokens, throughput of this session and the price, as far as the source counts tokens. */
function usageOf(
  { price }: EvaluateOptions,
  benchmarks: readonly BenchmarkScore[],
  { tokens, answered }: RunProgress,
  seconds: number,
) {
  const sum = (counts: (number | null)[]): number | null =>
    counts.includes(null) ? null : counts.reduce<number>((total, count) => total + (count ?? 0), 0);
  const prompt = sum(benchmarks.map((benchmark) => benchmark.prompt_tokens));
  const generated = sum(benchmarks.map((benchmark) => benchmark.generated_tokens));
  return {
    ...(answered > 0 && tokens > 0 ? { tokens_per_second: tokens / seconds } : {}),
    ...(price && prompt !== null && generated !== null
      ? { cost: (prompt * price[0] + generated * price[1]) / 1e6 }
      : {}),
  };
}

async function header(identity: Record<string, string>, tasks: readonly Task[]) {
  const hashes: Record<string, string> = {};
  for (const task of tasks) hashes[task.name] = await taskHash(task);
  return {
    type: "header" as const,
    version: 1 as const,
    started: new Date().toISOString(),
    source: identity,
    tasks: hashes,
  };
}

let temporaryJournal: string | undefined;

/** The journal and rows are next to the result; without one, the journal is a temporary file. */
function pathsOf(options: EvaluateOptions): { journal: string; rows: string } {
  const stem = options.out?.replace(/\.json$/, "");
  return {
    journal: options.journal ??
      (stem ? `${stem}.journal.jsonl` : temporaryJournal ??= Deno.makeTempFileSync({ suffix: ".jsonl" })),
    rows: `${stem}.rows.jsonl`,
  };
}

function printPrompts(tasks: readonly Task[]): number {
  for (const task of tasks) {
    const [first] = task.problems;
    if (!first) continue;
    console.log(
      `${task.name}: ${task.problems.length} problems, ${task.samples} samples each, grader ${task.verify}, ${
        JSON.stringify(task.sampling)
      }`,
    );
    console.log(JSON.stringify(task.prompt(first), null, 2));
  }
  return 0;
}
