// bun trainer/alerts/studies.ts
// Replays the committed studies through the rules, as if they ran now, and counts what would have fired: false alarms, as
// every one of these runs was sound. Studies record neither times nor disk space, so stalled_step and disk_filling are
// left out.

import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALERT_RULES, type AlertRule, AlertsSchema } from "#shared/schemas/alerts.ts";
import type { Metrics } from "#shared/schemas/metrics.ts";
import { parse } from "#shared/schemas/parse.ts";
import { readRunData, type RunData } from "../study/run_data.ts";
import { extend, NO_HISTORY } from "./history.ts";
import { ruleFacts, RULES } from "./rules.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

const DATA = fileURLToPath(new URL("../../studies/data", import.meta.url));

export interface Fired {
  study: string;
  run: string;
  rule: AlertRule;
  step: number;
}

/** What would have fired in the runs of a study, and how many runs there are. */
export function replayStudy(study: string): { runs: number; fired: Fired[] } {
  const names = readdirSync(join(DATA, study)).filter((name) => /-seed\d+\.jsonl$/.test(name)).sort();
  const fired = names.flatMap((name) =>
    replay(readRunData(join(DATA, study, name))).map((each) => ({
      study,
      run: basename(name, ".jsonl"),
      ...each,
    }))
  );
  return { runs: names.length, fired };
}

export function studies(): string[] {
  return readdirSync(DATA).sort();
}

function replay(data: RunData): { rule: AlertRule; step: number }[] {
  const settings = parse(AlertsSchema, {}, "settings");
  const recipe = data.facts.recipe as unknown as TrainRecipe; // of an older version: some settings are missing
  const facts = { ...ruleFacts(recipe), waiting: 0, intervals: [], disk_free: null };
  const raised = new Set<AlertRule>();
  const fired: { rule: AlertRule; step: number }[] = [];
  let history = NO_HISTORY;
  for (const record of recordsOf(data)) {
    history = extend(history, record, settings.patience);
    for (const rule of ALERT_RULES) {
      if (RULES[rule](history, settings, facts) === null) raised.delete(rule);
      else if (!raised.has(rule)) {
        raised.add(rule);
        fired.push({ rule, step: record.step });
      }
    }
  }
  return fired;
}

function recordsOf({ metrics, evaluations }: RunData): Metrics[] {
  const steps = Math.max(...[...metrics.values()].map(({ length }) => length));
  const records: Metrics[] = Array.from({ length: steps }, (_, i) => ({ step: i + 1, time: 0 }));
  for (const [key, values] of metrics) values.forEach((value, i) => records[i]![key] = value);
  for (const [key, { steps, values }] of evaluations) {
    steps.forEach((step, i) => {
      if (step > 0 && records[step - 1]) records[step - 1]![key] = values[i]!;
    });
  }
  return records;
}

if (import.meta.main) {
  let runs = 0;
  const all: Fired[] = [];
  for (const study of studies()) {
    const replayed = replayStudy(study);
    runs += replayed.runs;
    all.push(...replayed.fired);
    const counts = Object.entries(Object.groupBy(replayed.fired, ({ rule }) => rule))
      .map(([rule, fired]) => `${rule} ${fired.length}`);
    console.log(
      `${study.padEnd(18)} ${String(replayed.runs).padStart(3)} runs  ${counts.join(", ") || "none"}`,
    );
  }
  console.log(
    `${runs} runs, ${all.length} alerts in ${new Set(all.map((f) => f.study + f.run)).size} of them`,
  );
  for (const { study, run, rule, step } of all) console.log(`  ${study}/${run} ${rule} at step ${step}`);
}
