// `probe`: whether a model knows the questions of the benchmarks by heart.

import { percent } from "#shared/text/format.ts";
import { Journal } from "../run/journal.ts";
import { probeResult, probeTask } from "../scoring/probe.ts";
import { run } from "../run/run.ts";
import { formatScore, formatTable } from "../scoring/table.ts";
import { requestsOf, type SampleRequest } from "../run/request.ts";
import { readEvaluateOptions } from "./options.ts";
import { openSource } from "./source.ts";
import { buildTasks } from "./tasks.ts";

/** Runs the command: exit code 1 when a request failed. */
export async function probe({ share: rawShare, ...raw }: { share: string }): Promise<number> {
  const share = Number(rawShare);
  if (!(share > 0 && share < 1)) {
    throw new RangeError(`Cannot probe as --share must be between 0 and 1: current value is ${rawShare}`);
  }
  const options = readEvaluateOptions(raw);
  const tasks = (await buildTasks(options)).map((task) => probeTask(task, share));
  const opened = await openSource(options, tasks, 0);
  if (!("source" in opened.answers)) throw new TypeError("Cannot probe a file of completions: pass --model");
  const { source } = opened.answers;
  const path = options.journal ?? Deno.makeTempFileSync({ suffix: ".jsonl" });
  const results = [];
  let failed = 0;
  try {
    using journal = Journal.open(path);
    for (const task of tasks) {
      const requests: SampleRequest[] = [];
      for await (const request of requestsOf(task, opened.identity, 0)) requests.push(request);
      const progress = await run(source, requests, requests.length, journal, new AbortController().signal);
      if (progress.stopped !== null) throw new Error(`Cannot probe: ${progress.stopped}`);
      failed += progress.failed;
      const written = new Map(requests.flatMap(({ key, problem_id }) => {
        const sample = journal.get(key);
        return sample ? [[problem_id, sample.text] as const] : [];
      }));
      results.push({ share, ...probeResult(task, share, written) });
    }
  } finally {
    opened.close();
    if (!options.journal) Deno.removeSync(path);
  }
  const rows = results.map((r) => [
    r.benchmark,
    String(r.problems),
    formatScore(r.exact, r.exact_interval_95),
    percent(r.rouge_l),
  ]);
  const table = () => formatTable([["benchmark", "n", "completed exactly % [95 %]", "ROUGE-L %"], ...rows]);
  console.log(options.json ? JSON.stringify(results) : table());
  if (failed > 0) console.error(`Incomplete: ${failed} requests failed`);
  return failed > 0 ? 1 : 0;
}
