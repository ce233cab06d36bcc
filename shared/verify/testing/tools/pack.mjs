// Builds what `npm pack` ships: two minified modules, the command, and their types. Run by npm before it packs.

import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../../../scripts/cache.mjs";
import { TOOLS } from "../../../../scripts/tools.mjs";

const folder = fileURLToPath(new URL("../..", import.meta.url));
const run = (program, ...args) =>
  execFileSync(program, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });

rmSync(join(folder, "dist"), { recursive: true, force: true });
run(
  TOOLS.bun,
  "build",
  "mod.ts",
  "presets.ts",
  "--outdir=dist",
  "--target=browser",
  "--minify",
  "--splitting",
);
run(TOOLS.bun, "build", "cli.ts", "--outdir=dist", "--target=node", "--minify", "--external", "./mod.ts");
const cli = join(folder, "dist", "cli.js");
writeFileSync(cli, readFileSync(cli, "utf8").replaceAll('"./mod.ts"', '"./mod.js"'));
chmodSync(cli, 0o755);
run(process.execPath, join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json");

// Types of what the entries do not mention are not shipped.
const kept = new Set();
const keep = (name) => {
  if (kept.has(name)) return;
  kept.add(name);
  const text = readFileSync(join(folder, "dist", name), "utf8").replaceAll(
    /(?<=["']\.[^"']+)\.ts(?=["'])/g,
    ".js",
  );
  writeFileSync(join(folder, "dist", name), text);
  for (const [, path] of text.matchAll(/["'](\.[^"']+)\.js["']/g)) keep(join(name, "..", `${path}.d.ts`));
};
for (const entry of ["mod.d.ts", "presets.d.ts"]) keep(entry);
for (const name of readdirSync(join(folder, "dist"), { recursive: true })) {
  if (name.endsWith(".d.ts") && !kept.has(name)) rmSync(join(folder, "dist", name));
}
