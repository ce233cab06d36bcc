// What Deno may touch, listed one by one; anything else fails at once instead of asking.

import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { ROOT } from "./cache.mjs";

/** Environment variables that the project and its dependencies read. */
const VARIABLES = [
  "GHPO_SHARED", // folder of outside fixtures
  "NODE_ENV,ENV,ELYSIA_AOT", // Elysia
  "OPENAI_API_KEY", // endpoints
  "GHPO_TOKEN,GHPO_ACCESS", // callers of the service
  "GHPO_DAWN", // which WebGPU
  "GHPO_NATS_USER,GHPO_NATS_PASSWORD,GHPO_NATS_CA", // the server of samplers
  "TMPDIR,TMP,TEMP", // where its weights pass through
  "NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE", // commander
  "__MINIMATCH_TESTING_PLATFORM__", // globSync of Deno's node:fs, which has minimatch inside
];

const COMMON = ["--no-prompt", "--allow-read", `--allow-env=${VARIABLES.join(",")}`];

/** What the evaluator reads from the environment: keys only where a command needs them. */
const PLAIN = [
  "GHPO_DAWN",
  "NODE_ENV,ENV,ELYSIA_AOT",
  "NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE",
  "__MINIMATCH_TESTING_PLATFORM__",
];
const COMMANDS = [
  "generate",
  "compare",
  "report",
  "export",
  "probe",
  "serve",
  "download",
  "benchmarks",
  "worker",
];
const NATS = ["GHPO_NATS_USER,GHPO_NATS_PASSWORD,GHPO_NATS_CA"];
/** Flags that name files or folders to read, files to write (their folders then), and addresses. */
const READ = [
  "--model",
  "--adapter",
  "--completions",
  "--data",
  "--store",
  "--checkpoints",
  "--journal",
  "--out",
];
const WRITE = ["--out", "--journal", "--batch-out", "--store"];

/**
 * What a command of the evaluator needs, by its arguments: the files and folders that they name, and the server.
 * @param {string[]} args
 * @param {string} cwd the folder that relative paths in them start from
 */
export function forEvaluator(args, cwd = process.cwd()) {
  const at = (path) => resolve(cwd, path);
  const folderOf = (path) => dirname(at(path));
  const all = args.flatMap((arg) =>
    /^--[\w-]+=/.test(arg) ? [arg.slice(0, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg]
  );
  const values = (flag) =>
    all.flatMap((arg, i) => arg === flag && all[i + 1] !== undefined ? [all[i + 1]] : []);
  const command = COMMANDS.find((name) => all[0] === name) ?? "evaluate";
  const isAboutResults = ["compare", "report", "export"].includes(command);
  const words = isAboutResults ? all.slice(1).filter((arg) => !arg.startsWith("-")) : [];
  const named = words.filter((arg) => existsSync(at(arg)));
  const listed = (flag) => values(flag).flatMap((value) => value.split(","));
  const taskFiles = listed("--benchmarks").filter((name) => name.endsWith(".toml"));
  const write = [join(ROOT, ".cache"), ...WRITE.flatMap(values).map(folderOf)];
  if (command === "export") write.push(...values("--out"));
  if (command === "download") write.push(values("--data")[0] ?? "data");
  if (command === "report") write.push(...named.map(folderOf));
  // Without a place of its own the journal is a temporary file.
  // With a NATS server, weights pass through a temporary folder.
  const nats = values("--nats");
  const isTemporary = nats.length > 0 || (["evaluate", "probe"].includes(command) && write.length === 1);
  if (isTemporary) write.push(tmpdir());
  const read = [
    ROOT,
    ...write, // a file takes its place by a rename, which reads
    ...READ.flatMap(listed),
    ...(isTemporary ? [tmpdir()] : []),
    ...(nats.length && process.env.GHPO_NATS_CA ? [process.env.GHPO_NATS_CA] : []),
    ...taskFiles.map(folderOf),
    ...named.map(folderOf),
    ...words.filter((arg) => !existsSync(at(arg))), // to see that they are not there
    ...(values("--data").length ? [] : ["data"]),
  ];
  const addresses = [...listed("--endpoint"), ...nats, ...(command === "serve" ? listed("--endpoints") : [])];
  const hosts = addresses.flatMap((address) => URL.canParse(address) ? [hostOf(new URL(address))] : []);
  if (command === "serve") hosts.push(values("--host")[0] ?? "127.0.0.1");
  const env = [
    ...PLAIN,
    ...(addresses.length > nats.length || command === "serve" ? ["OPENAI_API_KEY"] : []),
    ...(nats.length ? NATS : []),
    ...(command === "serve" ? ["GHPO_TOKEN"] : []),
    ...(isTemporary ? ["TMPDIR,TMP,TEMP"] : []),
  ];
  return [
    "--no-prompt",
    `--allow-env=${env.join(",")}`,
    `--allow-read=${unique(read.map(at).flatMap(withTargets)).join(",")}`,
    `--allow-write=${unique(write.map(at)).join(",")}`,
    // The public homes of data files redirect to hosts that they choose.
    ...(command === "download"
      ? ["--allow-net"]
      : hosts.length > 0
      ? [`--allow-net=${unique(hosts).join(",")}`]
      : []),
  ];
}

function hostOf({ hostname, port, protocol }) {
  const usual = { "https:": 443, "wss:": 443, "nats:": 4222, "tls:": 4222 }[protocol] ?? 80;
  return `${hostname}:${port || usual}`;
}

/** A path, what it points to, and for a folder of links (Hugging Face's cache is one) what they point to. */
function withTargets(path) {
  const full = resolve(path.replace(/[*?[{].*$/, ""));
  if (!existsSync(full)) return [full];
  const inside = statSync(full).isDirectory() && full !== ROOT
    ? readdirSync(full, { withFileTypes: true }).filter((each) => each.isSymbolicLink()).map(({ name }) =>
      join(full, name)
    )
    : [];
  return [full, ...[full, ...inside].flatMap((each) => existsSync(each) ? [realpathSync(each)] : [])];
}

function unique(values) {
  return [...new Set(values)];
}

/** Dawn is a native library, which no sandbox holds: Deno may load it only where GHPO_DAWN=1 asks for it. */
export const DAWN = [`--allow-ffi=${join(ROOT, "node_modules", "webgpu")}`];

/** The verifier reads rows and prints verdicts. */
export const VERIFIER = COMMON;

/**
 * Tests write to the given folders, talk to themselves and start programs; a list of those would forbid
 * handing them LD_LIBRARY_PATH, which the software driver needs.
 * @param {string[]} write
 */
export function forTests(write) {
  return [
    "--no-prompt",
    "--allow-read",
    `--allow-env=${
      [...VARIABLES, "GHPO_SKIP_LOG", "GHPO_GGUF,GHPO_SMOLLM2", "PATH,NODE_V8_COVERAGE"].join(",")
    }`,
    `--allow-write=${write.join(",")}`,
    "--allow-net=127.0.0.1,localhost",
    "--allow-run",
  ];
}
