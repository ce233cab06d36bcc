// Promises about the tree that no runner checks: a lockfile without addresses, a neutral shared/, and a
// README whose drawing of the tree shows what exists, every folder included.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, it } from "node:test";
import { ROOT } from "./cache.mjs";

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((each) => {
    const path = join(folder, each.name);
    return each.isDirectory() ? filesUnder(path) : [path];
  });
}

/** Tests, what they share, programs run by hand, the verifier's command: no other file may import them. */
const isForDevelopers = (path) =>
  /\.test\.ts$|\btesting(?:\.ts$|[\\/])|\btools[\\/]|\bverify[\\/]cli\.ts$/.test(path);

describe("the tree", () => {
  it("has a lockfile without addresses", () => {
    assert.doesNotMatch(readFileSync(join(ROOT, "bun.lock"), "utf8"), /\w+:\/\//);
    for (const other of ["deno.lock", "package-lock.json"]) {
      assert.ok(!existsSync(join(ROOT, other)), `${other}: bun.lock is the one lockfile`);
    }
  });

  it("keeps shared/ free of any one runtime", () => {
    const offences = [];
    for (const path of filesUnder(join(ROOT, "shared"))) {
      if (!path.endsWith(".ts") || isForDevelopers(path)) continue;
      const name = relative(ROOT, path).replaceAll("\\", "/");
      if (name.startsWith("shared/engine/hosts/")) continue; // a host is what knows its runtime
      const forbidden = name.startsWith("shared/io/")
        ? /\b(?:Bun|Deno)\.|["'](?:npm|jsr|bun):/
        : /\b(?:Bun|Deno)\.|["'](?:npm|jsr|bun|node):/;
      readFileSync(path, "utf8").split("\n").forEach((line, i) => {
        const imported = /\bfrom "([^"]+)"/.exec(line)?.[1];
        if (imported && isForDevelopers(imported)) offences.push(`${name}:${i + 1}: ${line.trim()}`);
        if (forbidden.test(line.replace(/^\s*(?:\/\/|\/?\*).*|\/\/ .*$/, ""))) {
          offences.push(`${name}:${i + 1}: ${line.trim()}`);
        }
      });
    }
    assert.deepEqual(offences, []);
  });

  const readme = join(ROOT, "README.md");
  it(
    "is drawn in the README as it is",
    { skip: existsSync(readme) ? false : "there is no README.md yet" },
    () => {
      const drawing = drawnTree(readFileSync(readme, "utf8"));
      assert.ok(
        drawing.length > 0,
        "README.md draws no tree: a ``` block with a line that starts with shared/",
      );
      assert.deepEqual(drawing.filter((path) => !existsSync(join(ROOT, path))), []);
      const folders = ["shared", "trainer", "evaluator"].flatMap((top) =>
        readdirSync(join(ROOT, top), { withFileTypes: true }).filter((each) => each.isDirectory())
          .map(({ name }) => `${top}/${name}/`)
      );
      assert.deepEqual(folders.filter((path) => !drawing.includes(path)), [], "folders that are not drawn");
    },
  );
});

/**
 * Paths of the code block that draws the tree. A level is two spaces, or four columns of box characters;
 * several names may share a line; the comment stands two spaces or a # away.
 */
function drawnTree(markdown) {
  const blocks = [...markdown.matchAll(/^```\w*\n([^]*?)^```/gm)].map((match) => match[1]);
  const drawing = blocks.find((text) => /^(?:[├└]── )?shared\//m.test(text)) ?? "";
  const paths = [];
  const parents = [];
  for (
    const line of drawing.replace(/[├└]── |│ {3}|(?<=^(?:│ {3}| {4})*) {4}(?=[├└│])/gm, "  ").split("\n")
  ) {
    const [, indent, names = ""] = /^((?: {2})*)(\S+(?: \S+)*)/.exec(line.replace(/#.*/, "")) ?? [];
    if (indent === undefined) continue;
    parents.length = indent.length / 2;
    for (const name of names.split(" ").filter((each) => !/[*<>{}]/.test(each))) {
      paths.push([...parents, name].join("/"));
      parents[indent.length / 2] = name.replace(/\/$/, "");
    }
  }
  return paths;
}
