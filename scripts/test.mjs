// npm test [-- PART ...] [--second-driver]
// Sets up what is missing, then runs every check and every test of the tree. A check counts as one test.
// PART selects: format lint types bun deno scripts kernels (the last is part of bun and deno and runs only
// when named). --second-driver repeats the kernel tests on SwiftShader. GHPO_EDGE=1 installs workerd (180 MB)
// for the service's tests on it. The last line is the total.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { CACHE, read, ROOT } from "./cache.mjs";
import { ensureVulkan } from "./driver.mjs";
import { filesUnder } from "./imports.mjs";
import { forTests } from "./permissions.mjs";
import { capture } from "./process.mjs";
import { setUp } from "./setup.mjs";
import { childEnvironment, ensureEdge, TOOLS } from "./tools.mjs";
import { closingLines, summarize, summarizeTap } from "./totals.mjs";

const KERNELS = ["shared/engine/gpu", "shared/engine/ops"];
const OUT = join(CACHE, "test");
const LIMIT_MS = 20 * 60_000; // one runner; a hung test then fails the run instead of stopping it

const PARTS = {
  format: (env) => check("deno fmt --check", TOOLS.deno, ["fmt", "--check", "--quiet"], env),
  lint: (env) => check("deno lint", TOOLS.deno, ["lint", "--quiet"], env),
  types: async (env) => [
    await check(
      "tsc",
      process.execPath,
      [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "."],
      env,
    ),
    await check("deno check", TOOLS.deno, ["check", "--quiet", "shared", "evaluator"], env),
  ],
  bun: (env) => bunTests("bun", ["shared/", "trainer/", "benches/"], env),
  deno: (env) => denoTests("deno", ["shared", "evaluator"], env),
  scripts: (env) => nodeTests("node", env),
  kernels: (env) => kernelTests("", env),
};
const DEFAULT = Object.keys(PARTS).filter((part) => part !== "kernels");

const options = process.argv.slice(2);
if (options.includes("--help") || options.includes("-h")) {
  console.log(
    read(fileURLToPath(import.meta.url)).match(/^(?:\/\/.*\n)+/)[0].replace(/^\/\/ ?/gm, "").trimEnd(),
  );
  process.exit(0);
}
const parts = options.filter((option) => option !== "--second-driver");
const unknown = parts.find((part) => !(part in PARTS));
if (unknown) {
  console.error(
    `Cannot test "${unknown}" as it is no part: use ${Object.keys(PARTS).join(", ")}, --second-driver`,
  );
  process.exit(2);
}
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const results = [];
try {
  const env = await setUp();
  if (process.env.GHPO_EDGE === "1") await ensureEdge();
  for (const part of parts.length > 0 ? parts : DEFAULT) results.push(...[await PARTS[part](env)].flat());
  if (options.includes("--second-driver")) {
    const driver = await ensureVulkan({ hide: "system,apt" });
    results.push(
      ...(driver.missing
        ? [{
          runner: "set-up",
          passed: 0,
          failed: [],
          skipped: [{ name: "kernels on SwiftShader", reason: driver.missing }],
        }]
        : await kernelTests(" on SwiftShader", childEnvironment(driver.env))),
    );
  }
} catch (error) {
  console.error(error);
  results.push({ runner: "set-up", passed: 0, failed: [error.message], skipped: [] });
}
const lines = closingLines(results);
console.log(`\n${lines.join("\n")}`);
process.exit(results.some(({ failed }) => failed.length > 0) ? 1 : 0);

async function check(name, program, args, env) {
  const { code } = await show(name, program, args, env);
  return { runner: "check", passed: code === 0 ? 1 : 0, failed: code === 0 ? [] : [name], skipped: [] };
}

function kernelTests(suffix, env) {
  const present = KERNELS.filter((folder) => existsSync(join(ROOT, folder)));
  return (async () => [
    await bunTests(`bun${suffix}`, present.map((folder) => `${folder}/`), env),
    await denoTests(`deno${suffix}`, present.filter((folder) => folder.startsWith("shared")), env),
  ])();
}

async function bunTests(runner, paths, env) {
  const args = ["test", "--preload", "./scripts/skip_reasons.mjs", "--timeout", "120000"];
  const files = paths.flatMap((path) => filesUnder(path.replace(/\/$/, "")))
    .filter((file) => /(\.|_)(test|spec)\.tsx?$/.test(file));
  return await runTests(runner, TOOLS.bun, files, (junit) => [
    ...args,
    "--reporter=junit",
    `--reporter-outfile=${junit}`,
    ...paths,
  ], env);
}

async function denoTests(runner, paths, env) {
  const permissions = forTests([tmpdir(), OUT]);
  // Types are a part of their own, hence --no-check.
  const args = ["test", "--quiet", "--no-check", "--import-map", importMap(), ...permissions];
  // Files by name: of a folder that contains a workspace's package, Deno 2.9.6 takes the package's files alone.
  const files = paths.flatMap(filesUnder)
    .filter((file) => /(\.|_)test\.ts$/.test(file) && !file.startsWith("shared/engine/hosts/"));
  return await runTests(
    runner,
    TOOLS.deno,
    files,
    (junit) => [...args, `--junit-path=${junit}`, ...files],
    env,
  );
}

/** Deno takes one import map: that of deno.json and skip_reasons.json, with absolute names, as it lies elsewhere. */
function importMap() {
  const absolute = (imports, base) =>
    Object.fromEntries(
      Object.entries(imports).map(([name, to]) => [name, to.startsWith(".") ? new URL(to, base).href : to]),
    );
  const root = pathToFileURL(`${ROOT}/`);
  const scripts = new URL("scripts/", root);
  const skips = JSON.parse(read("scripts/skip_reasons.json"));
  const map = {
    imports: {
      ...absolute(JSON.parse(read("deno.json")).imports, root),
      ...absolute(skips.imports, scripts),
    },
    scopes: Object.fromEntries(
      Object.entries(skips.scopes).map(([under, to]) => [new URL(under, scripts).href, to]),
    ),
  };
  const path = join(OUT, "import_map.json");
  writeFileSync(path, JSON.stringify(map));
  return path;
}

async function runTests(runner, program, files, argsFor, env) {
  const stem = join(OUT, runner.replace(/\W+/g, "-"));
  const junit = `${stem}.xml`;
  const skips = `${stem}.skips.jsonl`;
  const { code, output } = await show(`${runner} test`, program, argsFor(junit), {
    ...env,
    GHPO_SKIP_LOG: skips,
  });
  const reasons = read(skips).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const result = summarize({ runner, code, junit: read(junit), output, skips: reasons });
  // A runner that leaves files out without a word is no success.
  const silent = files.filter((file) => !output.includes(file));
  return { runner, ...result, failed: [...result.failed, ...silent.map((file) => `${file} was not run`)] };
}

async function nodeTests(runner, env) {
  const files = readdirSync(join(ROOT, "scripts")).filter((name) => name.endsWith(".test.mjs"));
  const args = ["--test", "--test-reporter=tap", ...files.map((name) => join(ROOT, "scripts", name))];
  const { code, output } = await show("node scripts", process.execPath, args, env);
  return { runner, ...summarizeTap({ runner, code, output }) };
}

async function show(name, program, args, env) {
  console.log(`\n== ${name}`);
  const started = Date.now();
  const options = { cwd: ROOT, env: { ...env, NO_COLOR: "1" }, timeout: LIMIT_MS, echo: true };
  const { code, stdout, stderr } = await capture(program, args, options);
  if (code === 127) console.error(stderr);
  console.log(`== ${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return { code, output: `${stdout}\n${stderr}` };
}
