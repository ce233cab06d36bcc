// `evaluate`: asks a source the questions of some benchmarks, un-hinted, journals every answer, scores them
// and writes the result. After Ctrl-C or a kill, the same command continues where it ended.

import { writeFileAtomic } from "#shared/io/atomic.ts";
import { parse } from "#shared/schemas/parse.ts";
import { EvaluationResultSchema, type EvaluationRow } from "#shared/schemas/evaluation.ts";
import { Journal } from "../journal.ts";
import { run } from "../run.ts";
import type { SampleRequest } from "../sample.ts";
import { averagesOf, summarise } from "../summary.ts";
import { evaluationTable } from "../table.ts";
import { requestsOf, type Task, taskHash } from "../task.ts";
import { type EvaluateOptions, readEvaluateOptions } from "./options.ts";
import { exitCode, repeatsItself, showProgress } from "./outcome.ts";
import { rowsOf, scoreAll } from "./rows.ts";
import { openSource } from "./source.ts";
import { buildTasks } from "./tasks.ts";

/** Runs the command and returns its exit code. Progress goes to stderr, the result to stdout. */
export async function evaluate(raw: unknown): Promise<number> {
  const options = readEvaluateOptions(raw);
  const started = performance.now();
  const tasks = await buildTasks(options);
  if (options.dryRun) return printPrompts(tasks);
  const seed = options.seed ?? 0;
  const opened = await openSource(options, tasks, seed);
  const paths = pathsOf(options);
  if (options.out) Deno.mkdirSync(directoryOf(options.out), { recursive: true });
  using _temporary = options.out || options.journal ? null : removeLater(paths.journal);
  using journal = Journal.open(paths.journal);
  if (journal.isEmpty) journal.append([await header(opened.source.identity, tasks)]);

  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort();
  Deno.addSignalListener("SIGINT", onInterrupt);
  const requests = new Map<Task, SampleRequest[]>();
  for (const task of tasks) requests.set(task, await requestsOf(task, opened.source.identity, seed));
  const progress = await run(
    opened.source,
    [...requests.values()].flat(),
    journal,
    stop.signal,
    showProgress(),
  );
  Deno.removeSignalListener("SIGINT", onInterrupt);
  opened.close();

  const rows: EvaluationRow[] = [];
  const benchmarks = [];
  for (const [task, asked] of requests) {
    const scored = scoreAll(task, asked, journal);
    for (const row of rowsOf(task, scored)) rows.push(row); // spread, a million rows would overflow the stack
    if (scored.length > 0) benchmarks.push(summarise(task, await taskHash(task), scored));
    if (repeatsItself(task, scored)) {
      console.error(
        `warning: all samples of each ${task.name} problem are alike: the server seems to ignore the seed`,
      );
    }
  }
  if (benchmarks.length === 0) {
    throw new Error(`Cannot score as no sample is finished: ${progress.reason ?? "the run was stopped"}`);
  }
  const result = parse(EvaluationResultSchema, {
    format_version: 1,
    model: opened.model,
    model_sha256: opened.digest,
    source: opened.kind,
    seed,
    problems_seed: tasks.some((task) => task.checkTrace) ? options.problemsSeed ?? 1 : null,
    complete: progress.done === progress.total,
    benchmarks,
    ...averagesOf(benchmarks),
    rows: options.out ? paths.rows : rows,
    run: {
      created_at: new Date().toISOString(),
      duration_s: (performance.now() - started) / 1000,
      engine: opened.engine,
    },
  }, "the evaluation result");
  if (options.out) {
    writeFileAtomic(paths.rows, rows.map((row) => JSON.stringify(row) + "\n").join(""));
    writeFileAtomic(options.out, JSON.stringify(result, null, 2) + "\n");
  }
  console.log(options.json ? JSON.stringify(result) : evaluationTable(result));
  return exitCode(options, result, progress, stop.signal.aborted);
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

/** The journal and rows are next to the result; without one, the journal is a temporary file. */
function pathsOf(options: EvaluateOptions): { journal: string; rows: string } {
  const stem = options.out?.replace(/\.json$/, "");
  return {
    journal: options.journal ??
      (stem ? `${stem}.journal.jsonl` : Deno.makeTempFileSync({ suffix: ".jsonl" })),
    rows: `${stem}.rows.jsonl`,
  };
}

/** Removes a file at the end of the scope. */
function removeLater(path: string): Disposable {
  return { [Symbol.dispose]: () => Deno.removeSync(path) };
}

function directoryOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
}

function printPrompts(tasks: readonly Task[]): number {
  for (const task of tasks) {
    const [first] = task.problems;
    if (!first) continue;
    console.log(
      `${task.name}: ${task.problems.length} problems, ${task.samples} samples each, ${
        JSON.stringify(task.sampling)
      }`,
    );
    console.log(JSON.stringify(task.prompt(first), null, 2));
  }
  return 0;
}
