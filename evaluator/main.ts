// Commands of the evaluator. Run by Deno with the permissions that scripts/permissions.mjs lists; `serve` also
// runs under Bun.

import { messageOf } from "#shared/text/format.ts";
import process from "node:process";
import { Command } from "commander";
import { compare } from "./commands/compare.ts";
import { evaluate } from "./commands/evaluate.ts";
import { list } from "./commands/list.ts";
import { addEvaluateOptions } from "./commands/options.ts";

const program = new Command("evaluate")
  .description("Scores a checkpoint, an endpoint or a file of completions on math benchmarks, un-hinted")
  .showHelpAfterError("(--help lists the flags)")
  .enablePositionalOptions()
  .helpCommand(false);

addEvaluateOptions(program).action(async (options) => Deno.exit(await evaluate(options)));

program.command("generate")
  .description("continue one prompt with a checkpoint")
  .requiredOption("--model <dir>", "checkpoint directory")
  .option("--adapter <dir>", "adapters of the PEFT library, to be merged into it")
  .option("--prompt <text>", "the user's message, wrapped in the model's chat template")
  .option("--prompt-ids <ids>", "token ids such as 1,2,3; needs no tokenizer")
  .option("--raw", "continue --prompt verbatim, without the chat template")
  .option("--max-tokens <n>", "maximum number of new tokens (default: 64)")
  .option("--greedy", "take the most likely token instead of sampling")
  .option("--temperature <t>", "0 is greedy (default: 1)")
  .option("--seed <n>", "sampling seed (default: 0)")
  .option("--json", "print {ids, text, logprobs} on stdout")
  .action(async (options) => {
    const { generate } = await import("./commands/generate.ts");
    await generate(options);
  });

program.command("worker")
  .description("sample for a training run elsewhere, on this machine's GPU, until told to stop")
  .requiredOption(
    "--nats <url>",
    "server that the run meets its workers at; GHPO_NATS_USER and GHPO_NATS_PASSWORD say who",
  )
  .option("--rows <n>", "completions sampled side by side", "128")
  .action(async (options) => {
    const { worker } = await import("./commands/worker.ts");
    await worker(options);
  });

program.command("compare <a> <b>")
  .description("compare two results, paired by problem")
  .option("--anyway", "compare results of different graders")
  .option("--max-regression <share>", "exit 1 when a benchmark falls by more than this (0 to 1)")
  .option("--json", "print the comparison as JSON on stdout")
  .action((a, b, options) => Deno.exit(compare(a, b, options)));

program.command("report <result> [other]")
  .description("write a result, or the comparison of two, as a self-contained HTML page")
  .option("--out <file>", "default: next to the result, as .html")
  .action(async (result, other, options) => {
    const { report } = await import("./commands/report.ts");
    report(result, other, options);
  });

program.command("export <result>")
  .description("write a result for another tool: a harness's logs, or its scores as scalars")
  .requiredOption("--format <name>", "lm-eval, inspect, inspect-eval, tensorboard or csv")
  .requiredOption("--out <dir>", "folder of the written files")
  .action(async (result, options) => {
    const { exportRun } = await import("./commands/export.ts");
    exportRun(result, options);
  });

program.command("probe")
  .description("contamination probe: complete the benchmarks' questions from their first part")
  .option("--model <dir>", "checkpoint directory, or with --endpoint the server's model name")
  .option("--endpoint <url>", "OpenAI-compatible server with /completions")
  .option("--benchmarks <names>", "comma-separated (default: the bundled ones)")
  .option("--data <dir>", "folder of the published benchmarks' files (default: data)")
  .option("--share <share>", "share of each question that is shown", "0.6")
  .option("--limit <n>", "only the first n problems of each benchmark")
  .option("--journal <file>", "journal to continue")
  .option("--json", "print the results as JSON on stdout")
  .action(async (options) => {
    const { probe } = await import("./commands/probe.ts");
    Deno.exit(await probe(options));
  });

program.command("serve")
  .description(
    "serve verification, scoring and evaluation over HTTP; the callers' token comes from GHPO_TOKEN",
  )
  .option("--port <n>", "0 picks a free port", "8787")
  .option("--host <name>", "address to listen on", "127.0.0.1")
  .option("--store <file>", "keep evaluations in this file (default: in memory)")
  .option("--endpoints <urls>", "comma-separated address prefixes that evaluations may be sent to")
  .option("--checkpoints <dirs>", "comma-separated checkpoint directories that may be evaluated here")
  .option("--open", "serve without a token")
  .action(async (options) => {
    const { serve } = await import("./commands/serve.ts");
    await serve(options);
  });

program.command("download <names>")
  .description("download published benchmarks (comma-separated names) from their public sources")
  .option("--data <dir>", "folder to write into", "data")
  .action(async (names, options) => {
    const { download } = await import("./commands/download.ts");
    await download(names, options);
  });

program.command("benchmarks")
  .description("list what can be evaluated")
  .option("--json", "print the list as JSON on stdout")
  .action((options) => list(options));

try {
  await program.parseAsync(process.argv.slice(2), { from: "user" });
} catch (error) {
  console.error(`error: ${messageOf(error)}`);
  process.exit(1);
}
