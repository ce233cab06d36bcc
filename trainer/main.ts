// ghpo: the trainer's commands. Run by Bun: npm run -s ghpo -- COMMAND ...

import { messageOf } from "#shared/text/format.ts";
import { Command } from "commander";
import * as help from "./commands/help.ts";
import { type Override, splitOverrides } from "./run/flags.ts";
import manifest from "../package.json" with { type: "json" };

const [verb = "", ...words] = process.argv.slice(2);
let rest = words;
let overrides: Override[] = [];

const program = new Command("npm run -s ghpo --")
  .description("Reinforcement learning from verifiable rewards with adaptive hints (GHPO), through WebGPU")
  .usage("COMMAND [options]")
  .version(manifest.version, "--version", "print the version")
  .helpOption("-h, --help", "show this")
  .showHelpAfterError("(--help lists the flags)")
  .helpCommand(false)
  .addHelpText("after", help.OVERVIEW);

/** What train and sft have in common before their own options: how a run starts. */
function withStart(command: Command): Command {
  return command
    .helpGroup("Train:")
    .option("--resume", "continue from the run's newest checkpoint; <recipe> may be the run's folder")
    .option("--accept-changes <names>", "resume although these inputs have changed, such as data,model")
    .option("--dry-run", "check the recipe, print it with all defaults, and exit")
    .option("--plan", "print the memory the run needs, and exit; opens no GPU")
    .option("--plan-gib <n>", "also print the largest micro-batch that fits into <n> GiB");
}

/** And after them: the processes that train, the checks, and what is printed. */
function withRanks(command: Command): Command {
  return command
    .option(
      "--ranks <n>",
      "processes to train with on this machine (mpirun and srun start processes themselves)",
    )
    .option("--deadline <seconds>", "seconds that a rank waits for the others at most (default: 1800)")
    .option("--network <gbits>", "with --plan --ranks: speed of the network, Gbit/s (default: 10 and 100)")
    .option(
      "--step-seconds <n>",
      "with --plan --ranks: measured seconds of a rank's step (default: an estimate)",
    )
    .option("--force", "train although the pre-flight check fails")
    .option("--quiet", "no progress on stderr")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText("after", help.RUN);
}

withRanks(
  withStart(program.command("train <recipe>"))
    .description("train a model from a recipe (a TOML file, or the name of one shipped with the project)")
    .option(
      "--samplers <url>",
      "NATS server at which workers (npm run -s evaluate -- worker) sample for this run",
    )
    .option(
      "--sampler-patience <seconds>",
      "seconds without an answer after which the run samples for itself (default: 120)",
    )
    .option("--dashboard", "also open the dashboard on this run"),
).action(async (recipe, options) =>
  (await import("./commands/train.ts")).trainCommand(recipe, options, overrides)
);

withRanks(
  withStart(program.command("sft <recipe>"))
    .description("fine-tune a model on solution traces, or make a tiny one from scratch")
    .option("--export <dir>", "write the finished model, without optimizer state, into this directory"),
).action(async (recipe, options) =>
  (await import("./commands/sft.ts")).sftCommand(recipe, options, overrides)
);

program.command("merge")
  .helpGroup("Models and data:")
  .description("merge a PEFT adapter into the weights of a model and write the result")
  .requiredOption("--model <dir>", "the model that the adapter belongs to")
  .requiredOption("--adapter <dir>", "adapter directory, such as CHECKPOINT/adapter")
  .requiredOption("--out <dir>", "directory to write into")
  .option("--dtype <name>", "float32 or bfloat16", "float32")
  .option("--json", "print {out, dtype} on stdout")
  .action(async (options) => (await import("./commands/merge.ts")).mergeCommand(options));

program.command("generate")
  .helpGroup("Models and data:")
  .description("continue a prompt with a checkpoint")
  .requiredOption(
    "--model <dir>",
    "checkpoint directory in Hugging Face layout, or a run (its best or newest one)",
  )
  .option("--adapter <dir>", "PEFT adapter to merge into it")
  .option("--prompt <text>", "the user's message, wrapped in the model's chat template")
  .option("--prompt-ids <ids>", "token ids such as 1,2,3; needs no tokenizer")
  .option("--raw", "continue --prompt verbatim, without the chat template")
  .option("--max-tokens <n>", "maximum number of generated tokens", "64")
  .option("--greedy", "always take the most likely token")
  .option("--temperature <t>", "0 is greedy", "1")
  .option("--seed <n>", "sampling seed", "0")
  .option("--json", "print {ids, text, logprobs} of the generated tokens")
  .action(async (options) => (await import("./commands/generate.ts")).generateCommand(options));

program.command("chat")
  .helpGroup("Models and data:")
  .description("chat with a checkpoint in the terminal, or with two side by side")
  .requiredOption("--model <dir>", "checkpoint or run directory")
  .option("--beside <dir>", "second checkpoint or run, which answers the same messages")
  .option("--adapter <dir>", "PEFT adapter on top of --model")
  .option("--system <text>", "system prompt")
  .option("--max-tokens <n>", "maximum number of tokens of an answer", "256")
  .option("--temperature <t>", "0 is greedy", "0.7")
  .option("--seed <n>", "sampling seed", "0")
  .action(async (options) => (await import("./commands/chat.ts")).chatCommand(options));

program.command("serve")
  .helpGroup("Models and data:")
  .description("serve a checkpoint as an OpenAI-compatible endpoint")
  .requiredOption("--model <dir>", "checkpoint or run directory")
  .option("--adapter <dir>", "PEFT adapter on top of --model")
  .option("--name <text>", "model name that clients use (default: the directory's)")
  .option("--port <n>", "port to listen on; 0 takes any free one", "8000")
  .option(
    "--host <address>",
    "address to listen on; others than this machine's need GHPO_SERVE_TOKEN",
    "127.0.0.1",
  )
  .option("--json", "print {url, model, pid} as JSON on stdout")
  .action(async (options) => (await import("./commands/serve.ts")).serveCommand(options));

program.command("demo")
  .helpGroup("Train:")
  .description(
    "base checkpoint, GHPO, evaluation before and after in Deno, table and report: outputs in runs/demo",
  )
  .option("--compare", "also train plain GRPO on the same number of generated tokens")
  .option("--quiet", "no progress on stderr")
  .option("--json", "print the summary as JSON on stdout")
  .action(async (options) => (await import("./commands/demo/demo.ts")).demoCommand(options));

program.command("check-data <recipe-or-file>")
  .helpGroup("Models and data:")
  .description(
    "check a recipe's data as training does before its first step: lengths, answers, rewards, overlap; exit 1 on a " +
      "problem; of a data file (--model DIR, --columns text=q,answer=a), under what init would choose for it",
  )
  .option(
    "--benchmark <files...>",
    "benchmark files to look for overlap with, in addition to the recipe's evaluation problems",
  )
  .option("--json", "print the report as JSON on stdout")
  .addHelpText("after", help.RECIPE)
  .action(async (recipe, options) =>
    (await import("./commands/check_data.ts")).checkDataCommand(recipe, options, overrides)
  );

program.command("download <name>")
  .helpGroup("Models and data:")
  .description("download a model, ORG/NAME, or a data set from the hub")
  .option("--dataset", "download a data set instead of a model")
  .option("--revision <name>", "branch, tag or commit", "main")
  .option("--out <dir>", "folder to write into (default: models/NAME, or data/NAME)")
  .option("--include <patterns...>", "files to fetch (default: what a model needs, or all data files)")
  .option("--quiet", "no progress on stderr")
  .option("--json", "print {folder, repository, kind, commit, files} on stdout")
  .addHelpText("after", help.DOWNLOAD)
  .action(async (name, options) =>
    (await import("./commands/download/download.ts")).downloadCommand(name, options)
  );

program.command("study <file>")
  .helpGroup("Train:")
  .description("run whatever is missing of an experiment (arms x seeds), or write its report")
  .option("--report", "write NAME.md, NAME.html and NAME.svg from the data of the finished runs, and exit")
  .option("--dry-run", "check every recipe, print what is missing and its cost, and exit")
  .option("--extract", "read the metrics of finished runs from their directories again, and exit")
  .option("--runs <dir>", "folder for the run directories", "runs/studies")
  .option("--quiet", "no progress on stderr")
  .option("--json", "print what was done as JSON on stdout")
  .action(async (file, options) => (await import("./commands/study.ts")).studyCommand(file, options));

program.command("dashboard [runs...]")
  .helpGroup("Watch:")
  .description("watch and steer runs in the browser; a folder means all runs in it (default: runs)")
  .option(
    "--port <n>",
    "port to listen on; 0 takes any free one (default: 7411, or a free one if that is taken)",
  )
  .option(
    "--host <address>",
    "address to listen on; others than this machine's need GHPO_DASHBOARD_TOKEN",
    "127.0.0.1",
  )
  .option("--json", "print {url, runs, pid} as JSON on stdout")
  .addHelpText("after", help.DASHBOARD)
  .action(async (runs, options) => (await import("./commands/dashboard.ts")).dashboardCommand(runs, options));

program.command("runs [folders...]")
  .helpGroup("Watch:")
  .description("list runs and their state (default: those in runs/)")
  .option("--json", "print a list of objects on stdout")
  .action(async (folders, options) => (await import("./commands/runs.ts")).runsCommand(folders, options));

program.command("show <run>")
  .helpGroup("Watch:")
  .description("summary and plots of a run in the terminal")
  .option("--width <columns>", "width of the plots; the terminal's by default")
  .option("--json", "print the summary and the last value of every metric on stdout")
  .action(async (run, options) => (await import("./commands/show.ts")).showCommand(run, options));

program.command("export <run>")
  .helpGroup("Watch:")
  .description("write a run's metrics for other tools")
  .option(
    "--format <name>",
    "tensorboard (an event file), csv, or gguf (the model for llama.cpp)",
    "tensorboard",
  )
  .option("--type <name>", "of gguf: f16, q8_0 or f32", "f16")
  .option("--out <path>", "folder to write into, or a file .csv or .gguf (default: RUN/export)")
  .option("--json", "print {file, format, records} on stdout")
  .addHelpText("after", help.EXPORT)
  .action(async (run, options) => (await import("./commands/export.ts")).exportCommand(run, options));

program.command("init <file>")
  .helpGroup("Train:")
  .description("write a commented recipe, from flags or from four questions")
  .option("--model <dir>", "model to start from")
  .option("--data <file or families>", "a JSON, CSV or Parquet file, or generated families such as chain,gcd")
  .option(
    "--columns <list>",
    "meaning of the file's columns, if init cannot find it out: text=q,answer=a,trace=why",
  )
  .option("--algorithm <name>", "guidance strategy, or sft (default: ghpo)")
  .option("--steps <n>", "optimizer steps")
  .option("--force", "replace the file if it exists")
  .option("--json", "ask nothing, and print {file} on stdout")
  .addHelpText("after", help.INIT)
  .action(async (file, options) => (await import("./commands/init/init.ts")).initCommand(file, options));

program.command("bundle <run>")
  .helpGroup("Watch:")
  .description("collect what a bug report needs in one JSON file: no data, no weights, no secrets")
  .option("--out <file>", "file to write (default: RUN/bundle.json)")
  .option("--no-doctor", "omit this machine's adapter")
  .option("--json", "print {file, bytes} on stdout")
  .action(async (run, options) => (await import("./commands/bundle.ts")).bundleCommand(run, options));

program.command("completion <shell>")
  .helpGroup("This machine:")
  .description("print the completion script for bash, zsh or fish")
  .addHelpText("after", help.COMPLETION)
  .action(async (shell) => (await import("./commands/completion.ts")).completionCommand(shell, program));

program.command("profile")
  .helpGroup("Watch:")
  .description("time every kernel of one step: a rollout and an update on random prompts")
  .option("--model <dir>", "checkpoint directory in Hugging Face layout")
  .option("--run <run>", "the newest checkpoint of a run; RUN/profile.json keeps the times for the dashboard")
  .option("--prompts <n>", "prompts per step", "4")
  .option("--samples <n>", "completions per prompt", "4")
  .option("--prompt-tokens <n>", "tokens of a prompt", "32")
  .option("--max-tokens <n>", "tokens per completion", "32")
  .option("--trace <file>", "also write a trace for chrome://tracing or Perfetto")
  .option("--json", "print the times as JSON on stdout")
  .action(async (options) => (await import("./commands/profile.ts")).profileCommand(options));

program.command("doctor")
  .helpGroup("This machine:")
  .description(
    "show runtimes, adapter, limits and self-test of this machine, and what to do if something is missing",
  )
  .option("--json", "print the report as JSON on stdout")
  .action(async (options) => (await import("./commands/doctor.ts")).doctor({ json: options.json === true }));

try {
  // These three read a recipe; the flags of others, such as generate's --model, are their own.
  if (["train", "sft", "check-data"].includes(verb)) ({ rest, overrides } = splitOverrides(words));
  await program.parseAsync(verb === "" ? [] : [verb, ...rest], { from: "user" });
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exitCode = 1;
}
