// One run as the dashboard holds it: its metrics in columns, its rollout index, and the problems behind them, which
// give each group its question and gold answer.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { readText } from "#shared/io/files.ts";
import { parse } from "#shared/schemas/parse.ts";
import { CheckpointManifestSchema } from "#shared/schemas/checkpoint.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { Completion, Group } from "#shared/schemas/rollout.ts";
import { hintEntries } from "#shared/schemas/recipe/rollouts.ts";
import { runEntries } from "#shared/schemas/recipe/run.ts";
import { trainEntries } from "#shared/schemas/recipe/train.ts";
import { count, nonNegative } from "#shared/schemas/values.ts";
import { type PresetName, presets, verify } from "#shared/verify/mod.ts";
import { readJson } from "#shared/io/files.ts";
import { checkpointName, listCheckpoints } from "../run/checkpoint.ts";
import { trainingProblems } from "../loop/data.ts";
import { decidingReward, successOf } from "../loop/rewards.ts";
import { RunDirectory } from "../run/directory.ts";
import { isSftRecipe, loadRecipe } from "../run/recipe.ts";
import { type Ranks, ranksFile, RanksSchema } from "../team/rank_log.ts";
import { readEvents } from "../run/steering.ts";
import type { LiveRun } from "./live.ts";
import { MetricsLog } from "./metrics_log.ts";
import { RolloutIndex } from "./rollout_index.ts";
import { planOfRun, type RunPlan, type RunSummary, summarise } from "./runs.ts";

/** What `ghpo profile --run` keeps with a run, as far as it is shown. */
const ProfileSchema = v.object({
  adapter: v.string(),
  kernels: v.array(v.object({ label: v.string(), calls: count, milliseconds: nonNegative })),
});

const MemorySchema = v.record(v.string(), count);

/** A completion with what the verifier says of it now. */
export interface JudgedCompletion extends Omit<Completion, "ids" | "logprobs"> {
  /** By the reward that decides what is difficult; null where it has no opinion. */
  success: number | null;
  tokens: number;
  /** Null where the gold answer is not known any more. */
  judged:
    | { verdict: boolean | "undecided" | null; tier: string; reason: string; extracted: string | null }
    | null;
  span: [number, number] | null;
}

export interface OpenGroup extends Omit<Group, "completions" | "prompt_ids"> {
  /** Where in the prompt the hint stands. */
  hint_span: [number, number] | null;
  prompt_tokens: number;
  question: string | null;
  answer: string | null;
  /** The reference solution, and which part of it the hint showed. */
  solution: string | null;
  solution_span: [number, number] | null;
  completions: JudgedCompletion[];
}

export class OpenRun implements LiveRun {
  readonly log: MetricsLog;
  readonly rollouts: RolloutIndex;
  summary: RunSummary;
  readonly #plan: RunPlan;
  readonly #recipe: ShownRecipe | null;
  #problems: Promise<Map<string, Problem>> | undefined;
  #sources = new Map<string, Problem>();

  constructor(readonly id: string, readonly path: string, readonly name: string) {
    this.log = new MetricsLog(join(path, "metrics.jsonl"));
    this.rollouts = new RolloutIndex(
      path,
      (problem) => this.#sources.get(problem)?.source ?? prefixOf(problem),
      (problem) => this.problem(problem)?.text ?? "",
      (completion) => this.#success(completion),
    );
    this.#plan = planOfRun(path);
    this.summary = summarise(path, name, this.#plan);
    this.#recipe = shownRecipe(path);
  }

  async refresh(): Promise<void> {
    const { log, path, name } = this;
    await log.refresh();
    const accuracy = finiteOrNull(log.latest("eval_accuracy")) ??
      finiteOrNull(log.latest("ghpo/accuracy_unhinted"));
    const progress = { step: log.lastStep, time: finiteOrNull(log.latest("time")) ?? 0, accuracy };
    this.summary = summarise(path, name, this.#plan, progress);
  }

  /** The problem behind an id, once an index was asked for and where the data is still there. */
  problem(id: string): Problem | undefined {
    return this.#sources.get(id);
  }

  /** The rollout index, up to date. */
  async index(): Promise<RolloutIndex> {
    this.#sources = await (this.#problems ??= this.#loadProblems());
    await this.rollouts.refresh();
    return this.rollouts;
  }

  /** A group with its hint found, its answers verified again, and without token ids. */
  async group(step: number, line: number): Promise<OpenGroup | null> {
    const found = (await this.index()).group(step, line);
    if (found === null) return null;
    const { completions, prompt_ids, ...group } = found;
    const { hint } = group.guidance;
    const at = hint === "" ? -1 : group.prompt.lastIndexOf(hint);
    const problem = this.problem(group.problem_id);
    const answer = problem?.answer ?? null;
    const solution = problem?.trace?.text ?? null;
    const hinted = hint !== "" && solution?.startsWith(hint.trimEnd()) === true;
    // A hint that begins the assistant's turn is the beginning of every answer.
    const begun = this.#recipe?.ghpo.hint_placement === "assistant" ? hint : "";
    return {
      ...group,
      prompt_tokens: prompt_ids.length,
      hint_span: at < 0 ? null : [at, at + hint.length],
      question: problem?.text ?? null,
      answer,
      solution,
      solution_span: hinted ? [0, hint.trimEnd().length] : null,
      completions: completions.map((completion) => this.#judge(completion, begun, answer)),
    };
  }

  #success(completion: Pick<Completion, "rewards">): number | null {
    const deciding = this.#recipe === null ? ACCURACY : decidingReward(this.#recipe.reward);
    return successOf(completion, deciding);
  }

  #judge(
    { ids, logprobs: _, ...completion }: Completion,
    begun: string,
    answer: string | null,
  ): JudgedCompletion {
    const success = this.#success(completion);
    if (answer === null) return { ...completion, success, tokens: ids.length, judged: null, span: null };
    const preset = this.#recipe?.reward.preset ?? "strict";
    const { verdict, tier, reason, extracted, span } = verify(
      answer,
      begun + completion.text,
      preset in presets ? preset as PresetName : "strict",
    );
    const inText = span !== undefined && span.start >= begun.length;
    return {
      ...completion,
      success,
      tokens: ids.length,
      judged: { verdict, tier, reason, extracted },
      span: inText ? [span.start - begun.length, span.end - begun.length] : null,
    };
  }

  /** What the page shows of the run besides its curves. */
  async facts() {
    await this.log.refresh();
    const root = join(this.path, "checkpoints");
    const checkpoints = listCheckpoints(root).map((step) => {
      const path = join(root, checkpointName(step), "manifest.json");
      const { created_at, files, metrics, adapter, kernel_variants, model_type } = parse(
        CheckpointManifestSchema,
        readJson(path),
        path,
      );
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      const weights = files.filter(({ path }) => path.startsWith("model") && path.endsWith(".safetensors"))
        .reduce((sum, file) => sum + file.bytes, 0);
      return { step, created_at, bytes, weights, metrics, adapter, kernel_variants, model_type };
    });
    return {
      recipe: readText(join(this.path, "recipe.toml")),
      checkpoints,
      events: readEvents(this.path),
      settings: this.#settings(),
      plan: this.#memory(),
      ranks: this.#ranks(),
      profile: this.#profile(),
      gpu_bytes: finiteOrNull(this.log.latest("gpu_bytes")),
      faults: this.log.faults,
    };
  }

  /** The settings that can be steered, as they hold for the next step; null where there are none. */
  #settings(): { learning_rate: number; temperature: number } | null {
    if (this.#recipe === null) return null;
    const { optimizer: { learning_rate }, generation: { temperature } } = this.#recipe;
    const values = { learning_rate, temperature };
    for (const event of readEvents(this.path)) {
      values.learning_rate = event.learning_rate ?? values.learning_rate;
      values.temperature = event.temperature ?? values.temperature;
    }
    return values;
  }

  /** Bytes by part as the run planned them; null for a run of an earlier version. */
  #memory(): Record<string, number> | null {
    const path = new RunDirectory(this.path).memory;
    return existsSync(path) ? parse(MemorySchema, readJson(path), path) : null;
  }

  /** The ranks of the last session; null where one process trains. */
  #ranks(): Ranks | null {
    const path = ranksFile(this.path);
    return existsSync(path) ? parse(RanksSchema, readJson(path), path) : null;
  }

  /** The time of every kernel, where `ghpo profile --run` has taken it. */
  #profile(): v.InferOutput<typeof ProfileSchema> | null {
    const path = join(this.path, "profile.json");
    return existsSync(path) ? parse(ProfileSchema, readJson(path), path) : null;
  }

  async #loadProblems(): Promise<Map<string, Problem>> {
    if (this.#recipe === null) return new Map();
    try {
      const { data, ...rest } = this.#recipe;
      const place = new RunDirectory(this.path).begunIn();
      const found = (path: string) => place === null || existsSync(path) ? path : resolve(place, path);
      const path = typeof data.path === "string" ? found(data.path) : data.path?.map(found) ?? null;
      const recipe = { ...rest, data: { ...data, path, folder: found(data.folder) } };
      return new Map((await trainingProblems(recipe)).map((problem) => [problem.id, problem]));
    } catch {
      return new Map(); // the data file has gone: the groups are still worth reading
    }
  }
}

const ACCURACY = { name: "accuracy", threshold: null };

/** What is shown of a recipe of `train`. A strategy of a program's own may have settings that are unknown here. */
const ShownRecipeSchema = v.object({
  seed: runEntries.seed,
  ...trainEntries,
  ghpo: v.optional(v.object(hintEntries), {}),
});
type ShownRecipe = v.InferOutput<typeof ShownRecipeSchema>;

function shownRecipe(run: string): ShownRecipe | null {
  const path = join(run, "recipe.toml");
  try {
    return isSftRecipe(path) ? null : loadRecipe(ShownRecipeSchema, path, []);
  } catch {
    return null; // written by another version
  }
}

function prefixOf(problem: string): string {
  return /^([^:]+):/.exec(problem)?.[1] ?? "";
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
