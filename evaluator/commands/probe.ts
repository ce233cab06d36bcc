// `probe`: whether a model knows the questions of the benchmarks by heart.

import { Journal } from "../journal.ts";
import { probeResult, probeTask } from "../probe.ts";
import { run } from "../run.ts";
import { formatScore, formatTable, percent } from "../table.ts";
import { requestsOf } from "../task.ts";
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
  const path = options.journal ?? Deno.makeTempFileSync({ suffix: ".jsonl" });
  const results = [];
  let failed = 0;
  try {
    using journal = Journal.open(path);
    for (const task of tasks) {
      const requests = await requestsOf(task, opened.source.identity, 0);
      failed += (await run(opened.source, requests, journal, new AbortController().signal)).failed;
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
