// The dashboard as a web service: files of run directories in, one page and a little JSON out. It holds no state of a
// run, so it works during the run and after it has died.

import { Elysia } from "elysia";
import * as v from "valibot";
import { errorResponse, HttpError } from "#shared/http/http_error.ts";
import { parse } from "#shared/schemas/parse.ts";
import { count, positiveCount } from "#shared/schemas/values.ts";
import { requestSteering, SteeringRequestSchema } from "../run/steering.ts";
import { checkCaller, jsonBody, tokenRedirect } from "./guard.ts";
import { Live } from "./live.ts";
import { NotesSchema, writeNotes } from "./notes.ts";
import { OpenRun } from "./open_run.ts";
import { recipeDifferences } from "./recipe_differences.ts";
import { OUTCOMES } from "./rollout_index.ts";
import { parquetOf, rowsOf } from "./rollout_rows.ts";
import { findRuns, shortNames } from "./runs.ts";
import { STATIC } from "./static.ts";

const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};
const PAGE_SIZE = 50;

const number = v.pipe(v.string(), v.nonEmpty(), v.transform(Number));
const optional = v.optional;
const MetricsQuery = v.strictObject({
  keys: optional(v.string(), ""),
  from: optional(v.pipe(number, count), "0"),
  to: optional(v.pipe(number, count), String(Number.MAX_SAFE_INTEGER)),
  points: optional(v.pipe(number, positiveCount, v.maxValue(5000)), "800"),
});
const listEntries = {
  family: optional(v.string()),
  problem: optional(v.string()),
  text: optional(v.string()),
  offset: optional(v.pipe(number, count), "0"),
};
const ProblemsQuery = v.strictObject(listEntries);
const GroupsQuery = v.strictObject({
  ...listEntries,
  step: optional(v.pipe(number, count)),
  stage: optional(v.pipe(number, count)),
  outcome: optional(v.picklist(OUTCOMES)),
});

export interface DashboardOptions {
  /** Run directories, or folders that hold some. */
  folders: readonly string[];
  /** Null: this machine only. */
  token: string | null;
}

export interface Dashboard {
  fetch(request: Request): Promise<Response>;
  readonly runs: readonly OpenRun[];
  readonly live: Live;
}

/** Opens the runs and builds the fetch handler. */
export function createDashboard({ folders, token }: DashboardOptions): Dashboard {
  const runs: OpenRun[] = [];
  /** Opens the runs that have begun since the last call. */
  const look = () => {
    const paths = findRuns(folders);
    const names = shortNames(paths);
    for (const [i, path] of paths.entries()) {
      if (!runs.some((run) => run.path === path)) {
        runs.push(new OpenRun(String(runs.length), path, names[i]!));
      }
    }
  };
  const read = async () => {
    look();
    for (const run of runs) await run.refresh();
  };
  let reading: Promise<void> | undefined;
  /** Many may ask at once: one reading serves them all. */
  const refresh = () => reading ??= read().finally(() => reading = undefined);
  look();
  // A long run is read while the page is being loaded; a request for it waits until then and reports its errors.
  refresh().catch(() => {});
  const live = new Live(runs, refresh);
  const app = routes(runs, live, refresh);
  const fetch = async (request: Request): Promise<Response> => {
    try {
      const redirect = await tokenRedirect(request, token);
      if (redirect) return redirect;
      await checkCaller(request, token);
      const response = await app.handle(request);
      for (const [name, value] of Object.entries(HEADERS)) {
        if (!response.headers.has(name)) response.headers.set(name, value);
      }
      return response;
    } catch (error) {
      return errorResponse(errorOf("UNKNOWN", error));
    }
  };
  return { fetch, runs, live };
}

function routes(runs: readonly OpenRun[], live: Live, refresh: () => Promise<void>) {
  const find = (id: string): OpenRun => {
    const run = runs.find((run) => run.id === id);
    if (!run) throw new HttpError(404, "There is no such run");
    return run;
  };
  const app = new Elysia()
    // A hook holds for the routes after it.
    .onError(({ code, error }) => errorResponse(errorOf(code, error)))
    .get("/api/runs", async () => {
      await refresh();
      return runs.map(({ id, summary, log }) => ({ id, ...summary, keys: log.keys, faults: log.faults }));
    })
    .get("/api/differences", () => recipeDifferences(runs))
    .post("/api/runs/:id/notes", async ({ params, request }) => {
      const run = find(params.id);
      const notes = bodyOf(NotesSchema, await jsonBody(request));
      writeNotes(run.path, notes);
      await run.refresh();
      return notes;
    }, { parse: "none" })
    .get("/api/events", async () => {
      await refresh(); // the news begin with what is there now
      return live.stream();
    })
    .get("/api/runs/:id/metrics", async ({ params, query }) => {
      const { log } = find(params.id);
      const { keys, from, to, points } = queryOf(MetricsQuery, query);
      await log.refresh();
      return log.window(keys === "" ? log.keys : keys.split(","), from, to, points);
    })
    .get("/api/runs/:id/facts", ({ params }) => find(params.id).facts())
    .get("/api/runs/:id/problems", async ({ params, query }) => {
      const { offset, ...filter } = queryOf(ProblemsQuery, query);
      const run = find(params.id);
      const index = await run.index();
      const problems = index.problems(defined(filter));
      return {
        total: problems.length,
        ...about(index),
        problems: problems.slice(offset, offset + PAGE_SIZE).map((problem) => ({
          ...problem,
          text: run.problem(problem.id)?.text ?? null,
        })),
      };
    })
    .get("/api/runs/:id/groups", async ({ params, query }) => {
      const { offset, ...filter } = queryOf(GroupsQuery, query);
      const run = find(params.id);
      const index = await run.index();
      const groups = index.groups(defined(filter));
      const shown = groups.slice(offset, offset + PAGE_SIZE).map((entry) => ({
        ...entry,
        text: run.problem(entry.problem_id)?.text ?? null,
      }));
      return { total: groups.length, ...about(index), groups: shown };
    })
    .get("/api/runs/:id/rollouts/:format", async ({ params, query }) => {
      if (params.format !== "jsonl" && params.format !== "parquet") {
        throw new HttpError(404, "Rollouts are available as jsonl or parquet");
      }
      const { offset: _, ...filter } = queryOf(GroupsQuery, query);
      const run = find(params.id);
      const index = await run.index();
      const rows = index.groups(defined(filter)).flatMap(({ step, line }) => {
        const group = index.group(step, line);
        return group === null ? [] : rowsOf(group, run.problem(group.problem_id));
      });
      const jsonl = params.format === "jsonl";
      const body = jsonl ? rows.map((row) => `${JSON.stringify(row)}\n`).join("") : parquetOf(rows);
      const name = `${run.name.replaceAll(/[^\w.-]+/g, "-")}-rollouts.${params.format}`;
      return new Response(body, {
        headers: {
          "content-type": jsonl ? "application/jsonl" : "application/vnd.apache.parquet",
          "content-disposition": `attachment; filename="${name}"`,
        },
      });
    })
    .get("/api/runs/:id/groups/:step/:line", async ({ params }) => {
      const group = await find(params.id).group(Number(params.step), Number(params.line));
      if (group === null) throw new HttpError(404, "There is no such group");
      return group;
    })
    .post("/api/runs/:id/steering", async ({ params, request }) => {
      const run = find(params.id);
      const wish = bodyOf(SteeringRequestSchema, await jsonBody(request));
      await run.refresh();
      if (run.summary.kind !== "train" || !["running", "paused"].includes(run.summary.status)) {
        throw new HttpError(409, "Only a training run that is running can be steered");
      }
      requestSteering(run.path, wish);
      return { accepted: wish };
    }, { parse: "none" });
  for (const [path, source] of Object.entries(STATIC)) app.get(path, () => new Response(Bun.file(source)));
  return app;
}

function about(index: Awaited<ReturnType<OpenRun["index"]>>) {
  const { steps, partial } = index;
  return { ...index.facets(), first_step: steps.at(-1) ?? 0, last_step: steps[0] ?? 0, partial };
}

function bodyOf<const S extends v.GenericSchema>(schema: S, body: unknown): v.InferOutput<S> {
  try {
    return parse(schema, body, "the request");
  } catch (error) {
    throw new HttpError(422, (error as Error).message);
  }
}

function queryOf<const S extends v.GenericSchema>(schema: S, query: unknown): v.InferOutput<S> {
  try {
    return parse(schema, { ...query as Record<string, unknown> }, "the query");
  } catch (error) {
    throw new HttpError(422, (error as Error).message);
  }
}

/** Without the keys whose value is undefined or empty. */
function defined<T extends Record<string, unknown>>(filter: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function errorOf(code: unknown, error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (code === "NOT_FOUND") return new HttpError(404, "There is nothing at this address");
  console.error(error);
  return new HttpError(500, error instanceof Error ? error.message : "The dashboard failed");
}
