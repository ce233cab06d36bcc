// The pre-flight of a recipe: its problems, and as much of its model as is on disk.

import { ggufOf } from "#shared/io/gguf.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Context, contextOf } from "#shared/engine/model/context.ts";
import { checkAdapter, patternFaults } from "#shared/engine/lora/peft.ts";
import { checkWeights, loadConfig } from "#shared/engine/model/load.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { ReadResult, RowError } from "#shared/problems/readers/rows.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import { messageOf } from "#shared/text/format.ts";
import type { Tokenizer } from "#shared/text/tokenizer.ts";
import { STRATEGIES, strategyNamed } from "../ghpo/strategies/index.ts";
import { evaluationProblems, trainingProblems } from "../loop/data.ts";
import type { CustomParts } from "../library/custom_parts.ts";
import { type Requirements, sftRequirements, trainRequirements } from "./requirements.ts";
import { measureLengths } from "./lengths.ts";
import { type Preflight, preflight } from "./preflight.ts";
import { gradeReferences } from "./reference.ts";
import type { TrainRecipe } from "../run/train_recipe.ts";

/** Looks at all that a recipe names. Throws one sentence for a file that cannot be read. */
export async function preflightOf(
  recipe: TrainRecipe | SftRecipe,
  options: { benchmarks?: Record<string, readonly Problem[]>; read?: ReadResult; own?: CustomParts } = {},
): Promise<Preflight> {
  const { problems, errors } = options.read ?? await readAll(recipe);
  const model = modelFacts(recipe.model);
  const context = model?.context ?? null;
  const requirements = "sft" in recipe
    ? sftRequirements(recipe, context)
    : await trainRequirements(recipe, context, options.own);
  const { eval_every, path, tasks } = recipe.eval;
  const isRead = eval_every > 0 || (path === null && tasks.length === 0);
  const evaluated = isRead ? await evaluationProblems(lenient(recipe)) : null;
  const benchmarks: Record<string, Problem[]> = {};
  for (const problem of [...evaluated?.generated ?? [], ...evaluated?.file ?? []]) {
    (benchmarks[problem.source] ??= []).push(problem);
  }
  const report = await preflight({
    problems,
    errors,
    benchmarks: { ...benchmarks, ...options.benchmarks },
    requirements,
    tokenizer: model?.tokenizer ?? null,
    eosIds: model?.eosIds ?? null,
  });
  if (eval_every > 0 && evaluated !== null && model !== null && report.faults.length === 0) {
    const asked = [...evaluated.setApart, ...evaluated.file];
    const { faults, warnings } = await evaluationSentences(asked, recipe, requirements, model);
    report.faults.push(...faults);
    report.warnings.push(...warnings);
  }
  if (!("sft" in recipe) && report.problems.length > 0) {
    report.faults.push(...poolFaults(recipe, report.problems, options.own));
  }
  report.faults.push(...fileFaults(recipe, model !== null));
  if (eval_every === 0 && (path !== null || tasks.length > 0)) {
    const which = path === null ? "eval.tasks" : "eval.path";
    report.warnings.push(`nothing is evaluated on ${which} during the run, as eval.eval_every is 0`);
  }
  const [first] = errors;
  if (first !== undefined) {
    const { file, line, reason } = first;
    const which = `${errors.length} of ${
      errors.length + problems.length
    } rows do not fit, as ${file}:${line}: ${reason}`;
    if (recipe.data.skip_malformed) report.warnings.push(`${which} (left out)`);
    else report.faults.push(`${which}; correct them, or leave them out with data.skip_malformed = true`);
  }
  return report;
}

/** What of the files that training starts from is missing or cut off, as far as it shows without reading tensors. */
function fileFaults(recipe: TrainRecipe | SftRecipe, hasModel: boolean): string[] {
  const isRandom = "sft" in recipe && recipe.sft.from_scratch;
  const lora = "lora" in recipe ? recipe.lora : null;
  const adapter = lora?.adapter ?? null;
  const checks = [
    ...(hasModel && !isRandom ? [() => checkWeights(recipe.model)] : []),
    ...(adapter === null || !hasModel
      ? []
      : [() => checkAdapter(adapter, loadConfig(recipe.model), lora ?? {})]),
  ];
  const patterns = lora === null || adapter !== null || !hasModel
    ? []
    : patternFaults(loadConfig(recipe.model), lora);
  return patterns.concat(checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      // Behind "Cannot train as", "Cannot load DIR as ..." becomes a clause.
      return [
        messageOf(error).replace(
          /^Cannot (load|read) (.+?) as /,
          (_, verb, path) => `${path} cannot be ${verb === "load" ? "loaded" : "read"} as `,
        ),
      ];
    }
  }));
}

/** Why the first or the last step finds no problem to draw, as a curriculum does without levels. */
function poolFaults(recipe: TrainRecipe, problems: readonly Problem[], own: CustomParts = {}): string[] {
  const strategy = strategyNamed(recipe.algorithm, [...STRATEGIES, ...own.strategies ?? []]);
  if (strategy === undefined) return [];
  try {
    for (const step of [0, recipe.train.max_steps - 1]) {
      strategy.next(step, strategy.begin(recipe), recipe).pool?.(problems);
    }
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** What is wrong with the problems that the loop evaluates on. */
async function evaluationSentences(
  problems: readonly Problem[],
  recipe: TrainRecipe | SftRecipe,
  requirements: Requirements,
  { context, tokenizer }: ModelFacts,
): Promise<{ faults: string[]; warnings: string[] }> {
  if (problems.length === 0 || tokenizer === null) return { faults: [], warnings: [] };
  const limit = "sft" in recipe
    ? recipe.prompt.max_prompt_length
    : context.tokens - recipe.generation.max_completion_length;
  const prompt = { tokens: limit, name: "what the completion leaves of the context" };
  const { too_long } = measureLengths(problems, tokenizer, {
    ...requirements,
    ratios: [],
    prompt,
    target: null,
  });
  // The loop evaluates by reward.preset: functions of the user's own have no part in it.
  const rewards = requirements.rewards.filter(({ own }) => !own);
  const { not_gradable } = await gradeReferences(problems, { ...requirements, rewards }, null);
  const of = `of ${problems.length} problems to evaluate on`;
  return {
    faults: too_long.length === 0 ? [] : [
      `${too_long.length} ${of} have prompts longer than ${limit} tokens (${prompt.name}), as ${
        too_long[0]!.id
      }`,
    ],
    warnings: not_gradable.length === 0 ? [] : [
      `${not_gradable.length} ${of} have answers that reward.preset cannot grade, as ${
        not_gradable[0]!.id
      }, and count as wrong`,
    ],
  };
}

/** The rows that fit, and those that do not; a file of which none fits has most likely other columns and is refused. */
async function readAll(recipe: TrainRecipe | SftRecipe): Promise<ReadResult> {
  const errors: RowError[] = [];
  const problems = await trainingProblems(lenient(recipe), (rows) => errors.push(...rows));
  return { problems, errors };
}

function lenient<R extends TrainRecipe | SftRecipe>(recipe: R): R {
  return { ...recipe, data: { ...recipe.data, skip_malformed: true } };
}

export interface ModelFacts {
  context: Context;
  eosIds: number[];
  vocab_size: number;
  /** Null without a tokenizer.json. */
  tokenizer: Tokenizer | null;
}

const models = new Map<string, ModelFacts>();

/**
 * What a model directory says of prompts, read once; null without a config.json. Throws one sentence for files that are
 * there and cannot be used.
 */
export function modelFacts(directory: string): ModelFacts | null {
  const gguf = ggufOf(directory) !== undefined;
  if (!gguf && !existsSync(join(directory, "config.json"))) return null;
  const before = models.get(directory);
  if (before !== undefined) return before;
  const config = loadConfig(directory);
  const hasTokenizer = gguf || existsSync(join(directory, "tokenizer.json"));
  const tokenizer = hasTokenizer ? loadTokenizer(directory) : null;
  tokenizer?.limit(config.vocab_size);
  const facts = {
    context: contextOf(config),
    eosIds: config.eos_token_ids,
    vocab_size: config.vocab_size,
    tokenizer,
  };
  models.set(directory, facts);
  return facts;
}
