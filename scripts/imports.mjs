// Who imports what: the sources of the tree, the import graph, its circles, and exports that nothing imports.
// Read from the text by regular expressions, which the formatter's one spelling of imports allows.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { ROOT } from "./cache.mjs";

/** The folders that hold code. */
const FOLDERS = ["shared", "trainer", "evaluator", "benches", "scripts"];

/** Every file under `folder` as a path from the project's root, with forward slashes. */
export function filesUnder(folder) {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((each) => {
    const path = `${folder}/${each.name}`;
    if (each.isDirectory()) return each.name === "node_modules" ? [] : filesUnder(path);
    return [relative(ROOT, join(ROOT, path)).replaceAll("\\", "/")];
  });
}

/** Source files by path: text, and what they import as {from, names}, and `type` where they are types only. */
export function readSources(folders = FOLDERS) {
  const sources = new Map();
  for (const path of folders.flatMap(filesUnder).filter((name) => /\.(ts|mjs)$/.test(name))) {
    const text = readFileSync(join(ROOT, path), "utf8");
    sources.set(path, { text, imports: importsOf(path, text) });
  }
  return sources;
}

const STATIC = /(?<=^|\n)(?:import|export)\s+(type\s+)?([^;"']*?)\s*from\s*"([^"]+)"/g;
const DYNAMIC = /\bimport(?:\.meta\.resolve)?\(\s*"([^"]+)"/g;

/** Imports of the project's own files; `names` holds "*" where the whole module is taken, `later` marks `import()`. */
export function importsOf(path, text) {
  const found = [];
  const add = (specifier, names, { type = false, later = false } = {}) => {
    const from = resolveImport(path, specifier);
    if (from) found.push({ from, names, ...(type && { type }), ...(later && { later }) });
  };
  for (const [, type, clause, specifier] of text.matchAll(STATIC)) {
    const names = clause.includes("*")
      ? ["*"]
      : clause.replace(/[{}]/g, "").split(",").map((each) =>
        each.trim().replace(/^type\s+/, "").split(/\s+as\s+/)[0]
      ).filter(Boolean);
    add(specifier, names, { type: type !== undefined });
  }
  for (const [, specifier] of text.matchAll(DYNAMIC)) add(specifier, ["*"], { later: true });
  return found;
}

function resolveImport(path, specifier) {
  const target = specifier.startsWith("#shared/")
    ? `shared/${specifier.slice("#shared/".length)}`
    : specifier.startsWith(".")
    ? posix.normalize(posix.join(posix.dirname(path), specifier))
    : undefined;
  return target && existsSync(join(ROOT, target)) ? target : undefined;
}

/** Groups of files that import each other, types included (Tarjan's strongly connected components). */
export function circles(sources) {
  const order = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (path) => {
    order.set(path, order.size);
    low.set(path, order.get(path));
    stack.push(path);
    for (const { from } of sources.get(path)?.imports ?? []) {
      if (!order.has(from)) visit(from);
      if (stack.includes(from)) low.set(path, Math.min(low.get(path), low.get(from)));
    }
    if (low.get(path) !== order.get(path)) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1) found.push(group.sort());
  };
  for (const path of sources.keys()) if (!order.has(path)) visit(path);
  return found;
}

/**
 * Exports that no other file imports, as "path: name". A type counts as used where its own file names it twice:
 * it is then part of an exported signature.
 */
export function unusedExports(sources, isEntry) {
  const used = new Map();
  for (const { imports } of sources.values()) {
    for (const { from, names } of imports) used.set(from, [...used.get(from) ?? [], ...names]);
  }
  const found = [];
  for (const [path, { text }] of sources) {
    const names = used.get(path) ?? [];
    if (isEntry(path) || names.includes("*")) continue;
    const declared = text.matchAll(
      /^export\s+(?:async\s+)?(function\*?|const|let|class|abstract class|interface|type)\s+(\w+)/gm,
    );
    for (const [, kind, name] of declared) {
      if (names.includes(name)) continue;
      const mentions = text.match(new RegExp(`\\b${name}\\b`, "g")).length;
      if ((kind === "interface" || kind === "type") && mentions > 1) continue;
      found.push(`${path}: ${name}`);
    }
  }
  return found;
}
