// Shows that Bun, Deno, Node, workerd and Chromium give the same verdicts:
//   bun shared/verify/testing/tools/runtimes.ts [COUNT] [--workerd PATH-OF-workerd] [--chromium PATH-OF-chromium]
// Prints one digest a runtime and fails when they differ. Each runs the same bundle of digest.ts.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { fileURLToPath, pathToFileURL } from "node:url";

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: { workerd: { type: "string" }, chromium: { type: "string" } },
});
const count = positionals[0] ?? "2000";
const sample = fileURLToPath(import.meta.resolve("../digest.ts"));
const folder = mkdtempSync(join(tmpdir(), "verify-runtimes-"));

/** Runs a program and returns the digest on its last line. */
function digestOf(program: string, args: readonly string[]): string {
  const run = spawnSync(program, args, { encoding: "utf8", cwd: folder });
  const found = /digest ([0-9a-f]{8})/.exec(run.stdout + run.stderr);
  if (found === null) {
    throw new Error(
      `Cannot read a digest from ${program}: ${(run.error?.message ?? run.stderr).slice(-500)}`,
    );
  }
  return found[1]!;
}

function bundle(source: string, target: string): void {
  writeFileSync(join(folder, "entry.ts"), source);
  const run = spawnSync("bun", ["build", "entry.ts", `--target=${target}`, "--outfile", `${target}.mjs`], {
    encoding: "utf8",
    cwd: folder,
  });
  if (run.status !== 0) throw new Error(`Cannot bundle the sample for ${target}: ${run.stderr}`);
}

const load = `import { verdictDigest } from ${JSON.stringify(sample)};\n`;
const print = `console.log("digest " + verdictDigest(${count}));`;
const worker = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .sample)]);
const sample :Workerd.Worker = (modules = [(name = "worker", esModule = embed "browser.mjs")], compatibilityDate = "2025-06-01");
`;

try {
  bundle(load + print, "node");
  bundle(`${load}export default { test() { ${print} } };`, "browser");
  const digests = new Map<string, string>([
    ["bun", digestOf("bun", ["node.mjs"])],
    ["deno", digestOf("deno", ["run", "--no-prompt", "node.mjs"])],
    ["node", digestOf("node", ["node.mjs"])],
  ]);
  if (values.workerd === undefined) console.log("workerd: skipped, no --workerd PATH given");
  else {
    writeFileSync(join(folder, "config.capnp"), worker);
    digests.set("workerd", digestOf(values.workerd, ["test", "config.capnp"]));
  }
  if (values.chromium === undefined) console.log("chromium: skipped, no --chromium PATH given");
  else {
    const program = readFileSync(join(folder, "browser.mjs"), "utf8").replaceAll("</script", "<\\/script");
    const show = `document.body.textContent = "digest " + verdictDigest(${count});`;
    const inline = program.replace(/export\s*\{[^}]*\};?\s*$/, "");
    writeFileSync(
      join(folder, "page.html"),
      `<meta charset="utf-8"><body><script type="module">${inline}\n${show}</script>`,
    );
    const flags = [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      `--user-data-dir=${join(folder, "profile")}`,
    ];
    const page = pathToFileURL(join(folder, "page.html")).href;
    digests.set(
      "chromium",
      digestOf(values.chromium, [...flags, "--virtual-time-budget=60000", "--dump-dom", page]),
    );
  }
  for (const [runtime, digest] of digests) console.log(`${runtime}: ${digest}`);
  if (new Set(digests.values()).size !== 1) {
    throw new Error("Cannot accept the verifier as its verdicts differ between runtimes");
  }
} finally {
  rmSync(folder, { recursive: true });
}
