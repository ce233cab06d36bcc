// Commands of the evaluator. Run by Deno with the permissions that scripts/permissions.mjs lists.

import { Command } from "commander";
import { compare } from "./commands/compare.ts";
import { evaluate } from "./commands/evaluate.ts";
import { addEvaluateOptions } from "./commands/options.ts";

const program = new Command("evaluate")
  .description("Scores a checkpoint, an endpoint or a file of completions on math benchmarks, un-hinted")
  .showHelpAfterError("(--help lists the flags)")
  .enablePositionalOptions()
  .helpCommand(false);

addEvaluateOptions(program).action(async (options) => Deno.exit(await evaluate(options)));

program.command("compare <a> <b>")
  .description("compare two results, paired by problem")
  .option("--max-regression <share>", "exit 1 when a benchmark falls by more than this (0 to 1)")
  .option("--json", "print the comparison as JSON on stdout")
  .action((a, b, options) => Deno.exit(compare(a, b, options)));

try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
