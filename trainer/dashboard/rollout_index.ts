// What the problem view and the rollout browser list: one small entry a group, read from the newest rollout files up to
// a limit of bytes. The groups themselves stay on the disk and are read when one is opened.

import { readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readText } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { type Completion, type Group, GroupSchema } from "#shared/schemas/rollout.ts";

/** Newest rollout files are indexed until they come to this many bytes. */
const BUDGET_BYTES = 96 << 20;
const NAME = /^step_(\d{6,})\.jsonl$/;

/** One group in lists. */
export interface Entry {
  step: number;
  /** Line of the step's file, from 0. */
  line: number;
  problem_id: string;
  family: string;
  stage: number;
  ratio: number;
  leak: boolean;
  /** Before any hint; null where it is not known. */
  accuracy_unhinted: number | null;
  /** Under the prompt of the group. */
  accuracy: number | null;
  completions: number;
  truncated: number;
}

/** What a list shows; a missing key shows all. */
export interface GroupFilter {
  step?: number;
  stage?: number;
  family?: string;
  outcome?: Outcome;
  /** A part of a problem's id or text. */
  problem?: string;
  /** A part of a completion or hint; upper and lower case are the same. */
  text?: string;
}
export const OUTCOMES = ["right", "mixed", "wrong", "rescued"] as const;
export type Outcome = typeof OUTCOMES[number];

interface FileEntries {
  /** Changes when the file is written again. */
  stamp: string;
  bytes: number;
  entries: Entry[];
}

export class RolloutIndex {
  readonly #folder: string;
  readonly #familyOf: (problem: string) => string;
  readonly #textOf: (problem: string) => string;
  readonly #successOf: (completion: Completion) => number | null;
  readonly #files = new Map<number, FileEntries>();
  #reading: Promise<void> | undefined;
  /** Whether older steps are on the disk but not in the index. */
  partial = false;

  /**
   * @param textOf the question behind an id, "" where it is not known
   * @param successOf of a completion, from 0 to 1; null where it is not known
   */
  constructor(
    run: string,
    familyOf: (problem: string) => string,
    textOf: (problem: string) => string,
    successOf: (completion: Completion) => number | null,
  ) {
    this.#folder = join(run, "rollouts");
    this.#familyOf = familyOf;
    this.#textOf = textOf;
    this.#successOf = successOf;
  }

  /** Indexed steps, newest first. */
  get steps(): number[] {
    return [...this.#files.keys()].sort((a, b) => b - a);
  }

  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<void> {
    const steps = namesIn(this.#folder).map((name) => NAME.exec(name)?.[1]).filter((step) =>
      step !== undefined
    )
      .map(Number).sort((a, b) => b - a);
    let bytes = 0;
    const kept = new Set<number>();
    this.partial = false;
    for (const step of steps) {
      const path = this.#path(step);
      const facts = statSync(path, { throwIfNoEntry: false });
      if (!facts) continue;
      bytes += facts.size;
      if (bytes > BUDGET_BYTES && kept.size > 0) {
        this.partial = true;
        break;
      }
      kept.add(step);
      const stamp = `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
      if (this.#files.get(step)?.stamp === stamp) continue;
      this.#files.set(step, {
        stamp,
        bytes: facts.size,
        entries: this.#entriesOf(await readFile(path, "utf8")),
      });
    }
    for (const step of this.#files.keys()) if (!kept.has(step)) this.#files.delete(step);
  }

  #entriesOf(text: string): Entry[] {
    const entries: Entry[] = [];
    for (const [line, content] of text.split("\n").entries()) {
      const group = groupOrNull(content);
      if (group === null) continue;
      const { guidance, completions } = group;
      entries.push({
        step: group.step,
        line,
        problem_id: group.problem_id,
        family: this.#familyOf(group.problem_id),
        stage: guidance.stage,
        ratio: guidance.ratio,
        leak: guidance.leak,
        accuracy_unhinted: group.accuracy_unhinted,
        accuracy: meanOf(completions.map((completion) => this.#successOf(completion))),
        completions: completions.length,
        truncated: completions.filter((c) => c.finish_reason === "length").length,
      });
    }
    return entries;
  }

  /** Groups that fit, newest step first. */
  groups(filter: GroupFilter): Entry[] {
    const steps = filter.step === undefined ? this.steps : [filter.step];
    const problem = filter.problem?.toLowerCase();
    const entries = steps.flatMap((step) => this.#files.get(step)?.entries ?? []).filter((entry) =>
      (filter.stage === undefined || entry.stage === filter.stage) &&
      (filter.family === undefined || entry.family === filter.family) &&
      (filter.outcome === undefined || outcomeOf(entry) === filter.outcome) &&
      (problem === undefined || entry.problem_id.toLowerCase().includes(problem) ||
        this.#textOf(entry.problem_id).toLowerCase().includes(problem))
    );
    return filter.text === undefined ? entries : this.#holding(filter.text.toLowerCase(), entries);
  }

  /** Those of the entries in whose completions or hint a text stands; their files are read for it. */
  #holding(text: string, entries: readonly Entry[]): Entry[] {
    return [...Map.groupBy(entries, ({ step }) => step)].flatMap(([step, entries]) => {
      const lines = readText(this.#path(step)).split("\n");
      return entries.filter(({ line }) => {
        const group = groupOrNull(lines[line] ?? "");
        const texts = group === null
          ? []
          : [group.guidance.hint, ...group.completions.map((completion) => completion.text)];
        return texts.some((each) => each.toLowerCase().includes(text));
      });
    });
  }

  /** Every problem with its visits, oldest visit first; those that were hardest last time come first. */
  problems(
    filter: Pick<GroupFilter, "family" | "problem">,
  ): { id: string; family: string; visits: Entry[] }[] {
    const byProblem = new Map<string, Entry[]>();
    for (const entry of this.groups(filter).reverse()) {
      const visits = byProblem.get(entry.problem_id);
      if (visits) visits.push(entry);
      else byProblem.set(entry.problem_id, [entry]);
    }
    const hardness = (visits: Entry[]) => (visits.at(-1)!.accuracy_unhinted ?? 1) - visits.at(-1)!.stage;
    return [...byProblem].map(([id, visits]) => ({ id, family: visits[0]!.family, visits }))
      .sort((a, b) => hardness(a.visits) - hardness(b.visits) || b.visits.length - a.visits.length);
  }

  /** The families and stages that occur. */
  facets(): { families: string[]; stages: number[] } {
    const all = this.groups({});
    return {
      families: [...new Set(all.map(({ family }) => family))].sort(),
      stages: [...new Set(all.map(({ stage }) => stage))].sort((a, b) => a - b),
    };
  }

  /** One group as it was written, or null where there is none. */
  group(step: number, line: number): Group | null {
    if (!this.#files.has(step)) return null;
    const path = this.#path(step);
    const content = readText(path).split("\n")[line];
    if (!content) return null;
    // Ruined weights give log-probs that JSON can only call null; they are not shown, the rest is worth a look.
    const shown = (key: string, value: unknown) =>
      key === "logprobs" && Array.isArray(value) ? value.map((logprob) => logprob ?? 0) : value;
    return parse(GroupSchema, JSON.parse(content, shown), `${path}:${line + 1}`);
  }

  #path(step: number): string {
    return join(this.#folder, `step_${String(step).padStart(6, "0")}.jsonl`);
  }
}

/** How a group ended: a rescued one was wrong throughout before its hint. */
function outcomeOf(entry: Entry): Outcome | null {
  if (entry.accuracy === null) return null;
  if (entry.stage > 0 && entry.accuracy > 0) return "rescued";
  return entry.accuracy === 0 ? "wrong" : entry.accuracy === 1 ? "right" : "mixed";
}

function groupOrNull(line: string): Group | null {
  if (line === "") return null;
  try {
    return JSON.parse(line) as Group; // our own file; the group that is opened passes through its schema
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === "number");
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
