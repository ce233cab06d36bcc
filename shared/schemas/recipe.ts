// Run recipes: the settings of `train` and `sft` with their ranges and defaults, which live only here. What belongs to
// one guidance strategy stands with it (trainer/ghpo/strategies); trainer/run/train_recipe.ts puts both together.
// Names are TRL's where TRL has them. The defaults of `train` are the paper's (GHPO, arXiv 2507.10628).

import * as v from "valibot";
import { DATA_FORMATS } from "./problem.ts";
import { AlertsSchema } from "./alerts.ts";
import { ANSWER_FORMATS } from "#shared/text/answer_format.ts";
import { HintCutSchema } from "./guidance.ts";
import { count, finite, fraction, name, nonNegative, positive, positiveCount, seed } from "./values.ts";

/** The families of synthetic problems. */
export const FAMILIES = ["chain", "addition", "linear", "gcd", "product", "fraction"] as const;
export const FamilySchema = v.picklist(FAMILIES);
export type Family = v.InferOutput<typeof FamilySchema>;

const setting = v.optional;
const levels = v.pipe(v.array(v.pipe(positiveCount, v.maxValue(9))), v.minLength(1));

const stages = v.pipe(
  v.array(fraction),
  v.minLength(1),
  v.check((ratios) => ratios.every((ratio, i) => i === 0 || ratio > ratios[i - 1]!), "must be increasing"),
);

/** "" for a column that a file does not have. */
const ColumnsSchema = v.strictObject({
  id: setting(v.string(), ""),
  text: setting(name, "problem"),
  answer: setting(v.string(), "answer"),
  trace: setting(v.string(), "solution"),
  level: setting(v.string(), "level"),
});

/** Where the training problems come from: generated ones, or a file. */
const DataSchema = v.pipe(
  v.strictObject({
    /** Generated problems: families, their levels and how often each level is drawn (uniform when empty). */
    families: setting(v.array(FamilySchema), []),
    /** Levels of difficulty of generated problems, 1 to 5. */
    levels: setting(levels, [1, 2, 3, 4, 5]),
    /** How often each level is drawn; none: all alike. */
    level_weights: setting(v.array(nonNegative), []),
    /** How many generated problems there are. */
    count: setting(positiveCount, 2048),
    /** A data file instead, or several; names may hold *, ? and **. */
    path: setting(v.nullable(v.union([name, v.pipe(v.array(name), v.minLength(1))])), null),
    /** Or the training split of a published benchmark by its name (gsm8k), or a task file of your own (.toml). */
    benchmark: setting(v.nullable(name), null),
    /** Folder of the published benchmarks' files. */
    folder: setting(name, "data"),
    /** What the columns of `path` are: those of GSM8K, of MATH, or of a table with `columns`; JSON, CSV, Parquet and gzip show themselves. */
    format: setting(v.picklist(DATA_FORMATS), "jsonl"),
    /** Column names of a table, dots reaching into nested objects; "" for a column that the file does not have. */
    columns: setting(ColumnsSchema, {}),
    /** Draws the problems in random order, another one in every epoch. */
    shuffle: setting(v.boolean(), true),
    /** Leaves rows that do not fit out of the run, which otherwise ends at the first one. */
    skip_malformed: setting(v.boolean(), false),
    /** Rows of the file that are never trained on and that [eval] evaluates on; chosen by `seed`. */
    held_out: setting(count, 0),
    /** Problems whose prompt is too long: "error" refuses the run before its first step, "drop" leaves them out. */
    on_long_prompt: setting(v.picklist(["error", "drop"]), "error"),
  }),
  v.check(
    (data) =>
      [data.families.length > 0, data.path !== null, data.benchmark !== null].filter(Boolean).length === 1,
    "must name either families or a path or a benchmark",
  ),
  v.check(
    (data) => data.held_out === 0 || data.families.length === 0,
    "must have a path or a benchmark with held_out",
  ),
  v.check(
    (data) => data.level_weights.length === 0 || data.level_weights.length === data.levels.length,
    "must have as many level_weights as levels, or none",
  ),
);

const PromptSchema = v.strictObject({
  /** "" leaves the system turn out; "ghpo" is the paper's. */
  system: setting(v.string(), "ghpo"),
  /** The user's turn; {question} stands for the problem, a hint in the user's turn included. */
  user: setting(
    v.pipe(v.string(), v.check((text) => text.split("{question}").length === 2, "must hold {question} once")),
    "{question}",
  ),
  /** False: plain text without the model's chat template, for base models. */
  chat_template: setting(v.boolean(), true),
  /** What the chat template is told besides, such as enable_thinking = false. */
  chat_template_kwargs: setting(v.record(v.string(), v.union([v.boolean(), v.number(), v.string()])), {}),
  /** Most tokens of a prompt; hints are shortened to fit. */
  max_prompt_length: setting(positiveCount, 2048),
});

const GenerationSchema = v.strictObject({
  /** Completions a problem, which are compared with each other. */
  num_generations: setting(v.pipe(positiveCount, v.minValue(2)), 8),
  /** Most tokens of a completion. */
  max_completion_length: setting(positiveCount, 2048),
  /** The limit tightens step by step to this; null: it stays. */
  final_completion_length: setting(v.nullable(positiveCount), null),
  /** Texts that end a completion, which keeps them. */
  stop: setting(v.array(name), []),
  /** Of sampling; the distribution is not truncated. */
  temperature: setting(positive, 1),
  /** Most completions sampled side by side; the key-value pool grows with it. */
  rows: setting(positiveCount, 256),
});

/** The matrices of a block that can have adapters. */
export const LORA_MODULES = [
  "q_proj",
  "k_proj",
  "v_proj",
  "o_proj",
  "gate_proj",
  "up_proj",
  "down_proj",
] as const;

/** Trains low-rank adapters on the frozen model; names are those of the PEFT library. */
const LoraSchema = v.strictObject({
  /** Rank of the adapters. */
  r: setting(v.pipe(positiveCount, v.multipleOf(4, "must be a multiple of 4")), 16),
  /** Scale of the adapters: their product is multiplied by lora_alpha / r. */
  lora_alpha: setting(positive, 32),
  /** Matrices that get adapters. */
  target_modules: setting(v.pipe(v.array(v.picklist(LORA_MODULES)), v.minLength(1)), [...LORA_MODULES]),
  /** Directory of adapters that PEFT or an earlier run wrote, to start from; null: new ones. */
  adapter: setting(v.nullable(name), null),
});

/** `[ghpo]`: the settings of every hint, whichever strategy asks for it. */
export const hintEntries = {
  /** Shares of the solution that the hints show, one after another. */
  hint_stages: setting(stages, [0.25, 0.5, 0.75]),
  /** The largest success rate that still counts as difficult. */
  difficulty_threshold: setting(fraction, 0),
  /** Whether the loss is conditioned on the hinted prompt (the paper) or on the plain one (the released code). */
  hint_loss: setting(v.picklist(["conditioned", "dropped"]), "conditioned"),
  /** Inside the user turn (the paper), or as the beginning of the assistant's. */
  hint_placement: setting(v.picklist(["user", "assistant"]), "user"),
  /** The text between question and hint; "ghpo" is the paper's sentence. */
  hint_glue: setting(v.string(), "ghpo"),
  /** Where a hint may end. */
  hint_cut: setting(HintCutSchema, "step"),
  /** Keeps the final answer out of the hint. */
  leak_guard: setting(v.boolean(), true),
  /** Completions of a hinted group that are still sampled without the hint. */
  unhinted_replicas: setting(count, 0),
};
export type HintSettings = v.InferOutput<v.StrictObjectSchema<typeof hintEntries, undefined>>;

const RewardSchema = v.pipe(
  v.strictObject({
    /** "accuracy", "format", "soft_overlong_punishment" or the path of a module. */
    functions: setting(v.pipe(v.array(name), v.minLength(1)), ["accuracy", "format"]),
    /** Weight of each function in the sum. */
    weights: setting(v.pipe(v.array(finite), v.minLength(1)), [1, 0.5]),
    /** Grader preset of the accuracy reward (shared/verify/presets.ts). */
    preset: setting(name, "ghpo"),
    /** What the format reward asks for (shared/verify/graders/formats.ts). */
    format: setting(v.picklist(["think_answer", "think", "tag_count", "hash"]), "think_answer"),
    /** What the accuracy reward asks for: the right answer, or every step right too (generated problems only). */
    check: setting(v.picklist(["answer", "trace"]), "answer"),
    /** The function that decides what is difficult; null: the first. */
    difficulty_by: setting(v.nullable(name), null),
    /** The value from which a completion counts as solved; null: the function gives success itself, from 0 to 1. */
    success_threshold: setting(v.nullable(finite), null),
    /** soft_overlong_punishment: tokens below max_completion_length over which the penalty grows from 0 to -1. */
    soft_punish_cache: setting(positiveCount, 256),
    /** Seconds that a module may take for a completion, which it has no opinion of after that; null: any. */
    timeout_s: setting(v.nullable(positive), null),
    /** Completions that are scored at a time, where modules wait for something. */
    max_concurrency: setting(positiveCount, 32),
  }),
  v.check((r) => r.weights.length === r.functions.length, "must have as many weights as functions"),
  v.check(
    (r) => r.difficulty_by === null || r.functions.includes(r.difficulty_by),
    "must list difficulty_by among its functions",
  ),
  v.check(
    (r) => (r.difficulty_by ?? r.functions[0]) === "accuracy" || r.success_threshold !== null,
    "must have success_threshold where another function than accuracy decides what is difficult",
  ),
);

/** `[loss]` without loss_type, whose names are those of trainer/ghpo/losses. */
export const lossEntries = {
  /** How far the ratio may move below and above 1 before it is clipped. */
  epsilon: setting(positive, 0.2),
  /** Null: the same as epsilon. */
  epsilon_high: setting(v.nullable(positive), null),
  /** Upper bound of the ratio for negative advantages; null: none. */
  delta: setting(v.nullable(positive), null),
  /** Weight of the KL penalty (k3); above 0 a reference model is kept. */
  beta: setting(nonNegative, 0),
  /** Updates on each batch of completions. */
  num_iterations: setting(positiveCount, 1),
  /** What advantages are divided by: the standard deviation of the group or of the batch, or nothing. */
  scale_rewards: setting(v.picklist(["group", "batch", "none"]), "group"),
  /** Leaves completions that ran into the limit of tokens out of the loss; rewards and baselines count them. */
  mask_truncated_completions: setting(v.boolean(), false),
};
export type LossSettings = v.InferOutput<v.StrictObjectSchema<typeof lossEntries, undefined>>;

const optimizerEntries = {
  /** How the learning rate goes on after warm-up. */
  lr_scheduler_type: setting(v.picklist(["cosine", "constant"]), "cosine"),
  /** Warm-up as a share of all steps; warmup_steps above 0 takes its place. */
  warmup_ratio: setting(fraction, 0.1),
  warmup_steps: setting(count, 0),
  /** The learning rate that cosine ends on, as a share of the peak. */
  min_lr_ratio: setting(fraction, 0),
  /** AdamW's decoupled weight decay. */
  weight_decay: setting(nonNegative, 0),
  /** AdamW's decay of the first moment. */
  adam_beta1: setting(fraction, 0.9),
  /** AdamW's decay of the second moment. */
  adam_beta2: setting(fraction, 0.999),
  /** AdamW's, added to the root of the second moment. */
  adam_epsilon: setting(positive, 1e-8),
  /** Global gradient norm above which gradients are scaled down. */
  max_grad_norm: setting(positive, 1),
};

/** How numbers are stored in GPU memory; all arithmetic is f32. Activations of real models are too large for float16. */
const WeightsDtypeSchema = v.picklist(["float32", "bfloat16", "float16"]);
const ActivationsDtypeSchema = v.picklist(["float32", "bfloat16"]);

/** A binary tree has 1, 2, 4, 8, ... leaves. */
const shards = v.pipe(
  positiveCount,
  v.maxValue(1024),
  v.check((value) => (value & (value - 1)) === 0, "must be a power of two"),
);

const TrainSchema = v.strictObject({
  /** Optimizer steps of the run. */
  max_steps: setting(positiveCount, 160),
  /** Problems a step. */
  prompts_per_step: setting(positiveCount, 112),
  /** Tokens of a packed micro-batch, prompts included. */
  micro_batch_tokens: setting(positiveCount, 4096),
  /** Computes a block's activations again in the backward pass instead of keeping them. */
  gradient_checkpointing: setting(v.boolean(), false),
  /**
   * Of the frozen model under [lora]: 16 bits are exact for a checkpoint stored in that type, and round any other.
   * float16 needs an adapter with shader-f16.
   */
  weights_dtype: setting(WeightsDtypeSchema, "float32"),
  /** Of what the forward keeps for the backward: with bfloat16 gradients differ by about 1 %, log-probs do not. */
  activations_dtype: setting(ActivationsDtypeSchema, "float32"),
  /** Parts of a step whose gradients are added as a binary tree: any number of ranks that divides it gives the same bits. */
  shards: setting(shards, 1),
  /**
   * Updates between the weights that sample a step and those that learn from it: none, or exactly one, so that workers
   * (--samplers) sample a step while the one before it is learned from.
   */
  staleness: setting(v.picklist([0, 1]), 0),
  /** Replaces groups that are all right by freshly sampled ones, for at most this many rounds (DAPO); 0: off. */
  resample_rounds: setting(count, 0),
});

const EvalSchema = v.strictObject({
  /** Un-hinted evaluation before the first step and after every this many steps; 0: never. */
  eval_every: setting(count, 0),
  /** Families of generated problems to evaluate on. */
  benchmarks: setting(v.array(FamilySchema), []),
  levels: setting(levels, [1, 2, 3, 4, 5]),
  /** Problems of each benchmark and task, and of `path`. */
  count: setting(positiveCount, 100),
  /** Seed of the generated problems, and of the choice from `path`. */
  problems_seed: setting(seed, 7),
  /** Published benchmarks by name, from data.folder, and task files (.toml), asked as the recipe asks its problems. */
  tasks: setting(v.array(name), []),
  /** A data file of problems to evaluate on, or several; format and columns are those of [data] unless given. */
  path: setting(v.nullable(v.union([name, v.pipe(v.array(name), v.minLength(1))])), null),
  format: setting(v.nullable(v.picklist(DATA_FORMATS)), null),
  columns: setting(v.nullable(ColumnsSchema), null),
  /** Completions a problem, and their temperature; 0 is greedy. */
  num_samples: setting(positiveCount, 1),
  temperature: setting(nonNegative, 0),
});

const CheckpointSchema = v.strictObject({
  /** 0: only the last step. */
  save_every: setting(count, 0),
  /** Newest checkpoints that stay, the best one apart; 0: all. */
  keep: setting(count, 2),
  /** Metric of the evaluation or the rollouts whose best value marks the best checkpoint; "" for none. */
  best_by: setting(v.string(), ""),
  /** Whether that is its largest value; null: by the metric's name. */
  greater_is_better: setting(v.nullable(v.boolean()), null),
});

const TrainCheckpointSchema = v.strictObject({
  ...CheckpointSchema.entries,
  /** With [lora]: the adapters without the merged model, which `ghpo merge` makes. */
  adapter_only: setting(v.boolean(), false),
  /** Of the saved merged model, with [lora]; weights that are trained are saved as they are, or a resume would differ. */
  dtype: setting(v.picklist(["float32", "bfloat16"]), "float32"),
  /** Removes the oldest rollouts above this size; null: none. */
  max_rollouts_gb: setting(v.nullable(positive), null),
});

export const runEntries = {
  /** Directory of the model to start from. */
  model: name,
  /** Directory that the run writes into. */
  output_dir: name,
  /** Seed of everything random: data order, sampling, new adapters. */
  seed: setting(seed, 42),
  /** Kernel variants: "auto" takes the fastest that the adapter runs correctly, "base" the portable set. */
  variants: setting(v.picklist(["auto", "base"]), "auto"),
  /** Where metrics go while training, besides metrics.jsonl. */
  report_to: setting(v.array(v.picklist(["tensorboard"])), []),
  /** What is watched for while a run goes on. */
  alerts: setting(AlertsSchema, {}),
};

/** The tables of a recipe of `train` that depend on no algorithm. */
export const trainEntries = {
  data: DataSchema,
  prompt: setting(PromptSchema, {}),
  generation: setting(GenerationSchema, {}),
  reward: setting(RewardSchema, {}),
  /** Null: all weights are trained. */
  lora: setting(v.nullable(LoraSchema), null),
  optimizer: setting(v.strictObject({ learning_rate: setting(positive, 1e-6), ...optimizerEntries }), {}),
  train: setting(TrainSchema, {}),
  eval: setting(EvalSchema, {}),
  checkpoint: setting(TrainCheckpointSchema, {}),
};
export type TrainTables = v.InferOutput<v.StrictObjectSchema<typeof trainEntries, undefined>>;

/** One phase of supervised fine-tuning; a cold start is a few of them with growing step errors. */
const SftPhaseSchema = v.strictObject({
  /** Optimizer steps of the phase. */
  steps: positiveCount,
  /** Peak of the learning rate. */
  learning_rate: positive,
  /** Probability that a step of a hard problem gets a wrong result, from which the trace continues. */
  step_error_rate: setting(fraction, 0),
  /** How wrong it is: up to 9 either way, or always one too many, which sampling almost never undoes by luck. */
  step_error: setting(v.picklist(["uniform", "off_by_one"]), "uniform"),
});

export const SftRecipeSchema = v.strictObject({
  ...runEntries,
  data: DataSchema,
  prompt: setting(PromptSchema, {}),
  sft: v.strictObject({
    /** Random initial weights of the tiny model instead of those of `model`, which then holds config and tokenizer. */
    from_scratch: setting(v.boolean(), false),
    phases: v.pipe(v.array(SftPhaseSchema), v.minLength(1)),
    /** Examples an optimizer step. */
    examples_per_step: setting(positiveCount, 128),
    micro_batch_tokens: setting(positiveCount, 4096),
    /** As in `train`. */
    gradient_checkpointing: setting(v.boolean(), false),
    activations_dtype: setting(ActivationsDtypeSchema, "float32"),
    shards: setting(shards, 1),
    /** Levels from here on are hard: they get step errors. */
    hard_from_level: setting(positiveCount, 3),
    /** Share of examples drawn from the hard levels. */
    hard_fraction: setting(fraction, 0.5),
    /** Share of examples whose prompt shows the beginning of the trace. */
    hinted_fraction: setting(fraction, 0.3),
    /** The text between question and hint; "ghpo" is the paper's sentence. */
    hint_glue: setting(v.string(), "ghpo"),
    hint_cut: setting(HintCutSchema, "step"),
    /**
     * How the answer ends a solution: "auto" as the prompt asks for it, else as the solution has it, else behind ####.
     * A solution that ends so already is not changed; "none" changes no solution.
     */
    answer_format: setting(v.picklist(["auto", "none", ...ANSWER_FORMATS]), "auto"),
  }),
  optimizer: setting(v.strictObject(optimizerEntries), {}),
  eval: setting(EvalSchema, {}),
  checkpoint: setting(CheckpointSchema, {}),
});
export type SftRecipe = v.InferOutput<typeof SftRecipeSchema>;
