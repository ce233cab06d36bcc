// init: a recipe to start from, complete and commented, from flags or from four questions.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { parse as parseToml } from "smol-toml";
import { writeFileAtomic } from "#shared/io/atomic.ts";
import { makeDirectory } from "#shared/io/files.ts";
import { nearest, parse } from "#shared/schemas/parse.ts";
import { loadConfig } from "#shared/engine/model/load.ts";
import { FAMILIES } from "#shared/schemas/recipe.ts";
import { TrainRecipeSchema } from "../run/train_recipe.ts";

export interface InitOptions {
  model?: string;
  data?: string;
  algorithm?: string;
  steps?: string;
  force?: boolean;
  json?: boolean;
}

interface Answers {
  model: string;
  data: string;
  algorithm: string;
  steps: string;
}

const QUESTIONS: [key: keyof Answers, question: string, usual: string][] = [
  ["model", "Model directory (Hugging Face layout)", "trainer/recipes/tiny-base"],
  ["data", `Problems: a JSONL or Parquet file, or some of ${FAMILIES.join(", ")}`, "chain,addition,linear"],
  [
    "algorithm",
    "Algorithm: ghpo, grpo, grpo_curriculum, grpo_constant_hint, grpo_random_hint or sft",
    "ghpo",
  ],
  ["steps", "Optimizer steps", "60"],
];

export async function initCommand(file: string, options: InitOptions): Promise<void> {
  if (existsSync(file) && !options.force) {
    throw new Error(`Cannot write ${file} as it exists: add --force to replace it, or give another name`);
  }
  const text = recipeText(await answersOf(options), file.replace(/^.*\/|\.toml$/g, ""));
  parse(TrainRecipeSchema, parseToml(text), file); // nothing is written that train would refuse
  makeDirectory(dirname(file));
  writeFileAtomic(file, text);
  console.log(
    options.json ? JSON.stringify({ file }) : `${file}\nNext: npm run -s ghpo -- train ${file} --dry-run`,
  );
}

/** Flags first; what they leave open is asked on a terminal and has its usual value elsewhere. */
async function answersOf(options: InitOptions): Promise<Answers> {
  const answers: Answers = { model: "", data: "", algorithm: "", steps: "" };
  const terminal = process.stdin.isTTY && !options.json
    ? createInterface({ input: process.stdin, output: process.stderr })
    : null;
  // Lines that are pasted all at once wait for their questions here.
  const lines = terminal?.[Symbol.asyncIterator]();
  try {
    for (const [key, question, usual] of QUESTIONS) {
      answers[key] = options[key]?.trim() || usual;
      if (lines === undefined || options[key] !== undefined) continue;
      terminal!.setPrompt(`${question} [${usual}]: `);
      terminal!.prompt();
      const { value, done } = await lines.next();
      if (done) throw new Error("Cannot write a recipe as the questions were left without an answer");
      answers[key] = value.trim() || usual;
    }
  } finally {
    terminal?.close();
  }
  return answers;
}

/** Whether a model can speak in the generated problems' own few words only. */
function isTiny(model: string): boolean {
  try {
    return loadConfig(model).vocab_size < 1000;
  } catch {
    return false; // no such model yet: train says so
  }
}

export function recipeText({ model, data, algorithm, steps }: Answers, name: string): string {
  const tiny = isTiny(model);
  const [glue, system, format] = tiny ? [" Hint: ", "", "hash"] : ["ghpo", "ghpo", "think_answer"];
  return `# ${name}: check it with  npm run -s ghpo -- train ${name}.toml --dry-run
# Any setting is a flag too: --optimizer.learning_rate 1e-5. What is left out has the default that --dry-run shows.

model = ${JSON.stringify(model)}
output_dir = ${JSON.stringify(`runs/${name}`)}
seed = 42
# ghpo: hints for problems that are too hard. grpo: none. The others are baselines with fixed hints or an order.
algorithm = ${JSON.stringify(algorithm)}

[data]
${dataText(data)}
[prompt]
# "ghpo" is the paper's system turn, "" none.
system = ${JSON.stringify(system)}
max_prompt_length = ${tiny ? 96 : 1024}

[generation]
# Completions a problem; their rewards are compared with each other.
num_generations = 8
max_completion_length = ${tiny ? 64 : 1024}
temperature = 1.0

[ghpo]
# Shares of the solution that the hints show, one after another while no completion is right.
hint_stages = [0.25, 0.5, 0.75]
# Steps of plain GRPO at the beginning.
cold_start_steps = ${tiny ? 0 : 20}
# The text between question and hint; "ghpo" is the paper's sentence.
hint_glue = ${JSON.stringify(glue)}

[reward]
functions = ["accuracy", "format"]
weights = [1.0, 0.5]
# think_answer: <think> and <answer> tags; hash: the answer after ####.
format = ${JSON.stringify(format)}

[optimizer]
learning_rate = ${tiny ? "5e-4" : "1e-6"}
lr_scheduler_type = ${tiny ? '"constant"\nwarmup_steps = 5' : '"cosine"\nwarmup_ratio = 0.1'}

[train]
max_steps = ${steps}
prompts_per_step = ${tiny ? 32 : 16}
# Tokens computed at once: lower it when memory is short. Then gradient_checkpointing = true and
# activations_dtype = "bfloat16" help as well, and a table [lora] with weights_dtype = "bfloat16"; see train --plan.
micro_batch_tokens = ${tiny ? 8192 : 4096}

[checkpoint]
# Steps between checkpoints, and how many stay.
save_every = 10
keep = 2
`;
}

function dataText(data: string): string {
  const words = data.split(",").map((word) => word.trim());
  if (words.every((word) => (FAMILIES as readonly string[]).includes(word))) {
    return `# Generated problems: families, levels of difficulty, and how many different ones.
families = ${JSON.stringify(words)}
levels = [1, 2, 4, 5]
count = 2048
`;
  }
  if (!/[./]/.test(data)) {
    const near = nearest(words.find((word) => !(FAMILIES as readonly string[]).includes(word))!, FAMILIES);
    throw new TypeError(
      `Cannot use the problems "${data}": give a file, or some of ${
        FAMILIES.join(", ")
      } (the nearest is ${near})`,
    );
  }
  const format = data.endsWith(".parquet") ? "parquet" : "jsonl";
  return `# Rows with problem, answer and worked solution. gsm8k and math are the formats of those data sets.
path = ${JSON.stringify(data)}
format = ${JSON.stringify(format)}
columns = { text = "problem", answer = "answer", trace = "solution" }
`;
}
