// What --help adds to the flags: examples and where outputs go.

/** After the flags of commands that read a recipe. */
export const RECIPE = `
Every setting of the recipe is also a flag that overrides the file:
  --optimizer.learning_rate 1e-5   --algorithm grpo   --data.families '["chain", "gcd"]'
The last part of a name is enough where it is unambiguous (--learning_rate 1e-5, --max_steps 100, --num_generations 8),
and TRL's names work. A table changes the settings that it names: --optimizer '{ warmup_ratio = 0.2 }'. A recipe may also be JSON.
Paths are relative to the folder in which npm is called; a bare name means a recipe in trainer/recipes.`;

/** After the flags of commands that run one. */
export const RUN = `${RECIPE}

Outputs go to the recipe's output_dir: recipe.toml, metrics.jsonl, checkpoints/ and, for train, rollouts/. Ctrl-C finishes
the step, saves and exits with 130; --resume continues from there: with the same recipe and flags, or with the folder of
the run in the place of the recipe, in the folder in which it was started.`;

export const OVERVIEW = `
COMMAND --help shows its flags with their defaults.

Examples:
  npm run demo                                       base model, GHPO, evaluation and report in minutes: runs/demo
  npm run -s ghpo -- train demo --output_dir runs/mine            the same training, run directly
  npm run -s ghpo -- train runs/mine --resume        continue after Ctrl-C or a crash
  npm run -s ghpo -- init my.toml                    write a starting recipe
  npm run -s ghpo -- train my.toml --dry-run         check it and print it with all defaults
  npm run -s ghpo -- dashboard runs/demo             watch and steer a run in the browser
  npm run -s ghpo -- generate --model DIR --prompt "Compute 4+5-2"

A run writes into the recipe's output_dir: recipe.toml, metrics.jsonl, rollouts/, checkpoints/. Results go to stdout,
progress and warnings to stderr. Exit codes: 0 done, 1 an error, 130 stopped by Ctrl-C after saving.`;

export const DASHBOARD = `
Examples:
  npm run -s ghpo -- dashboard                       all runs in runs
  npm run -s ghpo -- dashboard runs/a runs/b         two runs in one chart
  GHPO_DASHBOARD_TOKEN=... npm run -s ghpo -- dashboard --host 0.0.0.0
      from another machine; the printed address contains the token

Runs that start later appear automatically. Ctrl-C stops the dashboard, not the runs.`;

export const EXPORT = `
A GGUF file continues in llama.cpp as its weights do here. With q8_0 llama.cpp also rounds activations to eight bits: where
two tokens are nearly as likely, it may take the other.

Examples:
  npm run -s ghpo -- export runs/demo/ghpo && tensorboard --logdir runs/demo/ghpo/export
  npm run -s ghpo -- export runs/demo/ghpo --format csv --out tables
  npm run -s ghpo -- export runs/my --format gguf --type q8_0`;

export const INIT = `
On a terminal, init asks for what the flags leave open, and for columns that it does not find; otherwise the defaults are
the tiny model, chain,addition,linear, ghpo and 60 steps.

For a data file (JSON Lines, a JSON list, CSV, TSV, Parquet, each also .gz; patterns such as data/*.jsonl) it finds the
columns, sets problems aside for evaluation, chooses the form of answers, the grader, hints and lengths to fit the file
and the model, says what it chose and why, and runs check-data. It writes no recipe under which the reference solutions
earn less than full marks.

Examples:
  npm run -s ghpo -- init my.toml
  npm run -s ghpo -- init my.toml --model DIR --data train.jsonl --steps 200
  npm run -s ghpo -- init my.toml --model DIR --data train.csv --columns text=query,answer=gold,trace=rationale`;

export const DOWNLOAD = `
A stopped download continues where it left off. Every file is checked against the hub's digest, and download.json in the
folder records the commit. HF_TOKEN gives access to gated and private repositories; HF_ENDPOINT names another hub.

Examples:
  npm run -s ghpo -- download Qwen/Qwen2.5-0.5B-Instruct
  npm run -s ghpo -- download openai/gsm8k --dataset --include 'main/*.parquet'`;

export const COMPLETION = `
Run in the project's folder; the scripts also define ghpo as a short name for npm run -s ghpo --.
  eval "$(npm run -s ghpo -- completion bash)"       likewise for zsh
  npm run -s ghpo -- completion fish | source`;
