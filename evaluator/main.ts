// Commands of the evaluator. Run by Deno with the permissions that scripts/permissions.mjs lists.

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
  .option("--prompt <text>", "a user's message, put through the chat template")
  .option("--prompt-ids <ids>", "token ids such as 1,2,3; needs no tokenizer")
  .option("--raw", "continue --prompt as it is, without the chat template")
  .option("--max-tokens <n>", "most new tokens (default: 64)")
  .option("--greedy", "take the most likely token instead of drawing")
  .option("--temperature <t>", "0 is greedy (default: 1)")
  .option("--seed <n>", "seed of the sampling (default: 0)")
  .option("--json", "print {ids, text, logprobs} on stdout")
  .action(async (options) => {
    const { generate } = await import("./commands/generate.ts");
    await generate(options);
  });

program.command("compare <a> <b>")
  .description("compare two results, paired by problem")
  .option("--max-regression <share>", "exit 1 when a benchmark falls by more than this (0 to 1)")
  .option("--json", "print the comparison as JSON on stdout")
  .action((a, b, options) => Deno.exit(compare(a, b, options)));

program.command("report <result> [other]")
  .description("write a result, or the comparison of two, as a self-contained HTML page")
  .option("--out <file>", "default: beside the result, as .html")
  .action(async (result, other, options) => {
    const { report } = await import("./commands/report.ts");
    report(result, other, options);
  });

program.command("benchmarks")
  .description("list what can be evaluated")
  .option("--json", "print the list as JSON on stdout")
  .action((options) => list(options));

try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
