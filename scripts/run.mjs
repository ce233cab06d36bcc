// npm run -s ghpo|evaluate|verify|bench -- ARGUMENTS
// Sets up what is missing (progress on stderr), then hands over to the command: stdin, stdout, signals and
// the exit code are its own. With --ranks N a training run goes to mpirun instead, which starts it N times.

import { delimiter, join } from "node:path";
import { OFFLINE, ROOT } from "./cache.mjs";
import { ensureMpi, handRanks, takeRanks } from "./mpi.mjs";
import { hand } from "./process.mjs";
import { DAWN, forEvaluator, VERIFIER } from "./permissions.mjs";
import { setUp } from "./setup.mjs";
import { ensureHyperfine, TOOLS } from "./tools.mjs";

/** An offline bundle has one runtime. */
const IN_BUNDLE = {
  evaluate: {
    program: TOOLS.bun,
    args: ["--preload", join(ROOT, "scripts", "offline", "deno.mjs"), join(ROOT, "evaluator", "main.ts")],
  },
  verify: { program: TOOLS.bun, args: [join(ROOT, "shared", "verify", "cli.ts")], gpu: false },
};
// npm goes to the project's folder; paths are those of the folder that it was called in.
const CALLED_IN = process.env.INIT_CWD ?? process.cwd();
const COMMANDS = {
  ghpo: { program: TOOLS.bun, args: [join(ROOT, "trainer", "main.ts")] },
  evaluate: {
    program: TOOLS.deno,
    args: [
      ...[
        "run",
        ...forEvaluator(process.argv.slice(3), CALLED_IN),
        ...(process.env.GHPO_DAWN === "1" ? DAWN : []),
      ],
      join(ROOT, "evaluator", "main.ts"),
    ],
  },
  verify: {
    program: TOOLS.deno,
    args: ["run", ...VERIFIER, join(ROOT, "shared", "verify", "cli.ts")],
    gpu: false,
  },
  bench: { program: TOOLS.bun, args: [join(ROOT, "benches", "main.ts")], hyperfine: true },
  ...(OFFLINE ? IN_BUNDLE : {}),
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
  const training = name === "ghpo" && ["train", "sft"].includes(rest[0]);
  const { ranks, words } = training && !help ? takeRanks(rest) : { ranks: null, words: rest };
  const cwd = name === "bench" ? ROOT : CALLED_IN;
  const line = [command.program, ...command.args, ...words];
  if (ranks === null) {
    process.exitCode = await hand(line[0], line.slice(1), { cwd, env, signals: training ? ["SIGUSR1"] : [] });
  } else {
    const launcher = await ensureMpi();
    if (launcher.missing) throw new Error(launcher.missing);
    process.exitCode = await handRanks(launcher, ranks, line, { cwd, env });
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
