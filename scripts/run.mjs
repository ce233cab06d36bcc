// npm run -s ghpo|evaluate|verify|bench -- ARGUMENTS
// Sets up what is missing (progress on stderr), then hands over to the command: stdin, stdout, signals and
// the exit code are its own.

import { delimiter, join } from "node:path";
import { ROOT } from "./cache.mjs";
import { hand } from "./process.mjs";
import { DAWN, EVALUATOR, VERIFIER } from "./permissions.mjs";
import { setUp } from "./setup.mjs";
import { ensureHyperfine, TOOLS } from "./tools.mjs";

const COMMANDS = {
  ghpo: { program: TOOLS.bun, args: [join(ROOT, "trainer", "main.ts")] },
  evaluate: {
    program: TOOLS.deno,
    args: [
      ...["run", ...EVALUATOR, ...(process.env.GHPO_DAWN === "1" ? DAWN : [])],
      join(ROOT, "evaluator", "main.ts"),
    ],
  },
  verify: {
    program: TOOLS.deno,
    args: ["run", ...VERIFIER, join(ROOT, "shared", "verify", "cli.ts")],
    gpu: false,
  },
  bench: { program: TOOLS.bun, args: [join(ROOT, "benches", "main.ts")], hyperfine: true },
};

const [name = "", ...rest] = process.argv.slice(2);
const command = COMMANDS[name];
try {
  if (!command) {
    throw new TypeError(`Cannot run "${name}" as it is no command: use ${Object.keys(COMMANDS).join(", ")}`);
  }
  const help = rest.includes("--help") || rest.includes("-h");
  const env = await setUp({ gpu: !help && command.gpu !== false });
  if (command.hyperfine && !help) {
    const hyperfine = await ensureHyperfine();
    if (hyperfine === undefined) process.exit(1);
    env.PATH = `${hyperfine}${delimiter}${env.PATH}`;
  }
  process.exitCode = await hand(command.program, [...command.args, ...rest], { env });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
