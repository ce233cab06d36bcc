// Builds what `npm pack` and `deno publish` ship: the modules that the library reaches as JavaScript, with their types.
// npm runs it before it packs; for JSR run it by hand in this folder: node pack.mjs && deno publish

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ROOT } from "../../scripts/cache.mjs";

const folder = fileURLToPath(new URL(".", import.meta.url));
const dist = join(folder, "dist");
const sources = join(dist, "sources");
const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");

/** Visits a module and what it names, each once. `rewrite` gets the text and what to do with a specifier. */
function walk(entry, read, resolve) {
  const reached = new Set();
  const visit = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = read(file);
    for (const [, specifier] of text.matchAll(/(?:from|import) ?\(?"((?:\.|#shared)[^"]*)"/g)) {
      visit(resolve(file, specifier));
    }
  };
  visit(entry);
  return reached;
}

// The sources, with paths that work without the import map.
rmSync(dist, { recursive: true, force: true });
const text = (file) => readFileSync(join(ROOT, file), "utf8");
const needed = walk(
  "evaluator/mod.ts",
  text,
  (file, specifier) => specifier.startsWith("#") ? specifier.slice(1) : join(dirname(file), specifier),
);
for (const file of needed) {
  mkdirSync(join(sources, dirname(file)), { recursive: true });
  const shared = relative(dirname(file), "shared");
  writeFileSync(
    join(sources, file),
    text(file).replaceAll('"#shared/', `"${shared.startsWith(".") ? "" : "./"}${shared}/`),
  );
}
execFileSync(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: folder, stdio: "inherit" });
rmSync(sources, { recursive: true });
copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));

// Of code what code reaches, of types what types reach; on JSR a module names its types, so types need a module.
const emitted = (file) => readFileSync(file, "utf8");
const code = walk(
  join(dist, "evaluator/mod.js"),
  emitted,
  (file, specifier) => join(dirname(file), specifier),
);
const types = walk(
  join(dist, "evaluator/mod.d.ts"),
  emitted,
  (file, specifier) => join(dirname(file), specifier.replace(/\.[jt]s$/, ".d.ts")),
);
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name);
  if (name.endsWith(".d.ts")) {
    if (!types.has(file)) rmSync(file);
    else writeFileSync(file, emitted(file).replaceAll(/(?<=from "\.[^"]*)\.ts(?=")/g, ".js"));
  } else if (name.endsWith(".js")) {
    const own = file.replace(/\.js$/, ".d.ts");
    if (types.has(own)) {
      const body = code.has(file) ? emitted(file) : "export {};\n";
      writeFileSync(file, `/* @ts-self-types="./${basename(own)}" */\n${body}`);
    } else if (!code.has(file)) rmSync(file);
  }
}
