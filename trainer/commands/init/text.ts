// The recipe that init writes.

import { loadConfig } from "#shared/engine/model/load.ts";
import { PLAIN, type RecipeChoice, rewardOf, TINY_VOCABULARY } from "./choose.ts";

/** What a person was asked. */
export interface Answers {
  model: string;
  data: string;
  algorithm: string;
  steps: string;
  /** The JSON Schema of recipes, as seen from the recipe. */
  schema: string;
}

const quoted = (value: unknown) => JSON.stringify(value);

interface Settings {
  /** The recipe, as it is named on a command line. */
  file: string;
  data: string;
  system: string;
  user: string | null;
  isPlain: boolean;
  max_prompt_length: number;
  max_completion_length: number;
  ghpo: string;
  reward: string;
  evaluation: string;
  prompts_per_step: number;
}

/** A recipe for generated problems. */
export function generatedRecipe(answers: Answers, file: string): string {
  const tiny = isTiny(answers.model);
  return recipeText(answers, {
    file,
    data: `# Generated problems: families, levels of difficulty, and how many different ones.
families = ${quoted(answers.data.split(",").map((word) => word.trim()))}
levels = [1, 2, 4, 5]
count = 2048
`,
    system: tiny ? "" : "ghpo",
    user: null,
    isPlain: false,
    max_prompt_length: tiny ? 96 : 1024,
    max_completion_length: tiny ? 64 : 1024,
    ghpo: `hint_glue = ${quoted(tiny ? " Hint: " : "ghpo")}`,
    reward: rewardText({
      functions: ["accuracy", "format"],
      format: tiny ? "hash" : "think_answer",
      preset: "strict",
      system: "",
      user: null,
    }),
    evaluation: "",
    prompts_per_step: tiny ? 32 : 16,
  });
}

/** A recipe for a file of problems. */
export function fileRecipe(answers: Answers, choice: RecipeChoice, file: string): string {
  const { columns, style, cut, hinted } = choice;
  const table = Object.entries(columns).map(([role, column]) => `${role} = ${quoted(column)}`).join(", ");
  const tiny = isTiny(answers.model);
  const algorithm = answers.algorithm === "ghpo" && !hinted ? "grpo" : answers.algorithm;
  return recipeText({ ...answers, algorithm }, {
    file,
    data: `path = ${quoted(choice.path)}
${
      choice.format === "gsm8k"
        ? 'format = "gsm8k"'
        : `# What the columns hold; "" for what the file does not have.\ncolumns = { ${table} }`
    }
# So many problems are never trained on: [eval] looks at them.
held_out = ${choice.held_out}
# Rows without problem or answer, and prompts over the limit: left out, or an error.
skip_malformed = true
on_long_prompt = ${quoted(choice.drop ? "drop" : "error")}
`,
    system: style.system,
    user: style.user,
    isPlain: choice.isPlain,
    max_prompt_length: choice.max_prompt_length,
    max_completion_length: choice.max_completion_length,
    ghpo: `hint_glue = ${quoted(tiny ? " Hint: " : "ghpo")}
# Where a hint may end: step, sentence, token or character.
hint_cut = ${quoted(cut)}`,
    reward: rewardText(style),
    evaluation: choice.held_out === 0 ? "" : `
[eval]
# Steps between evaluations without hints, greedy, on the problems that are held out.
eval_every = 20
`,
    prompts_per_step: Math.min(tiny ? 32 : 16, choice.rows - choice.held_out),
  });
}

function rewardText(style: RecipeChoice["style"]): string {
  const { functions, weights, preset, format } = rewardOf(style);
  return [
    `functions = ${quoted(functions)}`,
    `weights = ${quoted(weights)}`,
    "# The grader of the accuracy reward: strict or report; those of benchmarks are in shared/verify/presets.ts.",
    `preset = ${quoted(preset)}`,
    ...(format === undefined ? [] : [
      "# think_answer: <think> and <answer> tags; hash: the answer after ####. It must be what the prompt asks for.",
      `format = ${quoted(format)}`,
    ]),
  ].join("\n");
}

function recipeText({ model, algorithm, steps, schema }: Answers, s: Settings): string {
  const name = s.file.replace(/^.*\/|\.toml$/g, "");
  const tiny = isTiny(model);
  const tokens = Math.max(
    tiny ? 8192 : 4096,
    Math.ceil((s.max_prompt_length + s.max_completion_length) / 256) * 256,
  );
  return `#:schema ${schema}
# ${name}: check it with  npm run -s ghpo -- train ${s.file} --dry-run
# Any setting is a flag too: --learning_rate 1e-5. What is left out has the default that --dry-run shows.

model = ${quoted(model)}
output_dir = ${quoted(`runs/${name}`)}
seed = 42
# ghpo: hints for problems that are too hard. grpo: none. The others are baselines with fixed hints or an order.
algorithm = ${quoted(algorithm)}

[data]
${s.data}
[prompt]
# "ghpo" is the paper's system turn, which asks for <think> and <answer> tags; "" none.
system = ${quoted(s.system)}
${
    s.user === null
      ? ""
      : `# The chat template shows no system turn: the form of the answer is asked for here.\nuser = ${
        quoted(s.user)
      }\n`
  }${
    s.isPlain
      ? `# The model has no chat template: the system turn and this, as plain text.\n${plainText()}`
      : ""
  }max_prompt_length = ${s.max_prompt_length}

[generation]
# Completions a problem; their rewards are compared with each other.
num_generations = 8
max_completion_length = ${s.max_completion_length}
temperature = 1.0

[ghpo]
# Shares of the solution that the hints show, one after another while no completion is right.
hint_stages = [0.25, 0.5, 0.75]
# Steps of plain GRPO at the beginning.
cold_start_steps = ${tiny ? 0 : 20}
# The text between question and hint; "ghpo" is the paper's sentence.
${s.ghpo}

[reward]
${s.reward}
${
    tiny ? "" : `
# Trains adapters beside the frozen model; without this table all weights are trained.
[lora]
r = 16
lora_alpha = 32
`
  }
[optimizer]
learning_rate = ${tiny ? "5e-4" : "1e-5"}
lr_scheduler_type = ${tiny ? '"constant"\nwarmup_steps = 5' : '"cosine"\nwarmup_ratio = 0.1'}

[train]
max_steps = ${steps}
prompts_per_step = ${s.prompts_per_step}
# Tokens computed at once: lower it when memory is short. gradient_checkpointing saves memory for a third more time;
# activations_dtype and weights_dtype = "bfloat16" help as well, see train --plan.
micro_batch_tokens = ${tokens}
# For train --ranks N: a power of two, N or a multiple of it. The same shards give the same numbers on any N.
shards = 1
${tiny ? "" : "gradient_checkpointing = true\n"}${s.evaluation}
[checkpoint]
# Steps between checkpoints, and how many stay.
save_every = 10
keep = 2
`;
}

const plainText = () => Object.entries(PLAIN).map(([key, value]) => `${key} = ${quoted(value)}\n`).join("");

/** Whether a model knows the generated problems' few words only. */
function isTiny(model: string): boolean {
  try {
    return loadConfig(model).vocab_size < TINY_VOCABULARY;
  } catch {
    return false; // no such model yet: train says so
  }
}
