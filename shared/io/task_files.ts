// Benchmarks from the disk: published ones by name, your own by a task file. The evaluator asks them, the trainer can
// train on them.

import { existsSync, globSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { parse as parseToml } from "smol-toml";
import { splitSteps } from "#shared/problems/steps.ts";
import { type Row, RowFault } from "#shared/problems/readers/rows.ts";
import { parseExact } from "#shared/problems/readers/exact_json.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { nearest, parse } from "#shared/schemas/parse.ts";
import type { Benchmark } from "#shared/tasks/benchmark.ts";
import type { BenchmarkProblem } from "#shared/tasks/questions.ts";
import { benchmarks } from "#shared/tasks/index.ts";
import { tableProblem, type TaskColumns, TaskFileSchema, taskOfFile } from "#shared/tasks/task_file.ts";
import type { Task } from "#shared/tasks/task.ts";
import { dataFiles, dataRows } from "./problem_files.ts";
import { readText } from "./files.ts";

/** Where to look for data and how to read it. */
export interface TaskOptions {
  /** Folder of the published benchmarks' files, or a file or pattern that stands for one of them. */
  data: string;
  /** Column names, where a published benchmark's data has others than its own file. */
  columns?: TaskColumns;
}

/** The task of a TOML file. Throws one sentence about the first thing that does not fit. */
export async function loadTaskFile(path: string): Promise<Task> {
  let value: unknown;
  try {
    value = parseToml(readText(path));
  } catch (cause) {
    if (!(cause instanceof Error) || !cause.message.startsWith("Invalid TOML")) throw cause;
    throw new SyntaxError(`Cannot read ${path} as it is not TOML: ${cause.message.split("\n")[0]}`, {
      cause,
    });
  }
  const file = parse(TaskFileSchema, value, path);
  const files = file.files.map((name) => isAbsolute(name) ? name : join(dirname(path), name));
  const problems = await readRows(files, (row, i) => tableProblem(row, i, file.columns, file.name));
  return taskOfFile(file, problems);
}

/** The problems of a published benchmark; the error says where to get its file. */
export async function readBenchmark(
  benchmark: Benchmark,
  { data, columns }: TaskOptions,
  notice: (text: string) => void = () => {},
): Promise<BenchmarkProblem[]> {
  const { name, file: { rows } } = benchmark;
  const files = filesOf(benchmark, data);
  const problems = await readRows(
    files,
    columns === undefined
      ? (row, i) => benchmark.problem(row, i)
      : (row, i) => tableProblem(row, i, columns, name),
  );
  if (problems.length !== rows) {
    notice(`warning: ${files[0]} has ${problems.length} problems, the published benchmark ${rows}`);
  }
  return problems;
}

/** Problems of a task as the trainer takes them, with the steps that hints are cut from. */
function trainingProblems({ name, problems }: Pick<Task, "name" | "problems">): Problem[] {
  return problems.map(({ id, text, answer, solution, level }) => ({
    id,
    text,
    answer,
    trace: solution ? { text: solution, steps: splitSteps(solution) } : null,
    level: typeof level === "number" ? level : null,
    source: name,
  }));
}

/** What the trainer trains on under a benchmark's name or a task file's path: never a published test file. */
export async function loadTrainingTask(nameOrFile: string, data: string): Promise<Problem[]> {
  if (nameOrFile.endsWith(".toml")) return trainingProblems(await loadTaskFile(nameOrFile));
  const benchmark = benchmarks.find(({ name }) => name === nameOrFile);
  if (benchmark === undefined) {
    const near = nearest(nameOrFile, benchmarks.map(({ name }) => name));
    throw new RangeError(
      `Cannot train on ${nameOrFile} as it is no benchmark: the nearest known one is ${near}`,
    );
  }
  const { train } = benchmark;
  if (train === undefined) {
    throw new RangeError(
      `Cannot train on ${nameOrFile} as the benchmark has no training split: name your own files by a task file (.toml)`,
    );
  }
  const file = find(train.name, benchmark.name, data);
  if (file === null) {
    throw new Error(
      `Cannot read ${
        join(data, train.name)
      } as it does not exist; get it from ${train.url} (${train.licence})`,
    );
  }
  const problems = await readRows([file], (row, i) => benchmark.problem(row, i));
  return trainingProblems({ name: benchmark.name, problems });
}

/** The files of a benchmark: its own, the same in another format, or what `data` itself names. */
function filesOf({ name, file }: Benchmark, data: string): string[] {
  const own = find(file.name, name, data);
  if (own !== null) return [own];
  if (/[*?[\]{}]/.test(data) || (existsSync(data) && statSync(data).isFile())) return dataFiles(data);
  const folder = join(data, name);
  if (existsSync(folder) && statSync(folder).isDirectory()) {
    return globSync(join(folder, "**/*.{jsonl,json,csv,parquet,gz}")).sort();
  }
  throw new Error(
    `Cannot read ${join(data, file.name)} as it does not exist; ` +
      `run \`npm run -s evaluate -- download ${name}\` or get it from ${file.url} (${file.licence})`,
  );
}

/** A file of this name, or of its stem or the benchmark's name, in any format that can be read. */
function find(fileName: string, name: string, folder: string): string | null {
  const stems = [...new Set([fileName.replace(/\.\w+$/, ""), name])];
  const names = stems.flatMap((stem) =>
    ["jsonl", "json", "parquet", "csv", "tsv"].flatMap((ext) => [`${stem}.${ext}`, `${stem}.${ext}.gz`])
  );
  return [fileName, ...names].map((each) => join(folder, each)).find((path) => existsSync(path)) ?? null;
}

/** Problems of all rows. The first row that does not fit, and an id that appears twice, stop it. */
async function readRows(
  paths: readonly string[],
  convert: (row: Record<string, unknown>, index: number) => Promise<BenchmarkProblem> | BenchmarkProblem,
): Promise<BenchmarkProblem[]> {
  const problems: BenchmarkProblem[] = [];
  const places = new Map<string, string>();
  for (const path of dataFiles(paths)) {
    for await (const { line, value } of rowsOf(path)) {
      const place = `${path}:${line}`;
      try {
        if (value instanceof RowFault) throw value;
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          throw new RowFault("it is not an object");
        }
        const problem = await convert({ ...value }, problems.length);
        const before = places.get(problem.id);
        if (before !== undefined) throw new RowFault(`its id "${problem.id}" is also that of ${before}`);
        places.set(problem.id, place);
        problems.push(problem);
      } catch (error) {
        if (!(error instanceof RowFault)) throw error;
        throw new SyntaxError(`Cannot read ${place} as ${error.message}`, { cause: error });
      }
    }
  }
  if (problems.length === 0) throw new SyntaxError(`Cannot read ${paths.join(", ")} as there are no rows`);
  return problems;
}

/** The rows of a file, also where it is one JSON object: a problem of the MATH folder, an answer of datasets-server. */
async function* rowsOf(path: string): AsyncGenerator<Row> {
  if (/\.json$/i.test(path)) {
    const text = readText(path);
    const object = text.trimStart().startsWith("{") || text.startsWith("\uFEFF{") ? wholeObject(text) : null;
    if (object !== null) {
      const rows = object["rows"];
      if (Array.isArray(rows)) {
        for (const [i, value] of rows.entries()) yield { line: i + 1, value: unwrapped(value) };
      } else {
        // A file for each problem, whose name then is the problem's.
        const id = `${basename(dirname(path))}/${basename(path, ".json")}`;
        yield {
          line: 1,
          value: "unique_id" in object || "id" in object ? object : { ...object, unique_id: id, id },
        };
      }
      return;
    }
  }
  for await (const { line, value } of dataRows(path)) yield { line, value: unwrapped(value) };
}

function wholeObject(text: string): Record<string, unknown> | null {
  try {
    return parseExact(text.replace(/^\uFEFF/, "")) as Record<string, unknown>;
  } catch {
    return null; // JSON Lines under this name, or damaged: the reader of rows says which line
  }
}

/** datasets-server wraps each row: {"row_idx": 0, "row": {...}}. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { row, row_idx } = value as { row?: unknown; row_idx?: unknown };
  return row_idx !== undefined && typeof row === "object" ? row : value;
}
