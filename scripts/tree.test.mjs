// Promises about the tree that no runner checks: a lockfile without addresses, a neutral shared/, and a
// README whose drawing of the tree shows what exists, every folder included.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { ROOT } from "./cache.mjs";
import { filesUnder } from "./imports.mjs";

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
    for (const name of filesUnder("shared")) {
      if (!name.endsWith(".ts") || isForDevelopers(name)) continue;
      if (name.startsWith("shared/engine/hosts/")) continue; // a host is what knows its runtime
      const forbidden = name.startsWith("shared/io/")
        ? /\b(?:Bun|Deno)\.|["'](?:npm|jsr|bun):/
        : /\b(?:Bun|Deno)\.|["'](?:npm|jsr|bun|node):/;
      readFileSync(join(ROOT, name), "utf8").split("\n").forEach((line, i) => {
        const imported = /\bfrom "([^"]+)"/.exec(line)?.[1];
        if (imported && isForDevelopers(imported)) offences.push(`${name}:${i + 1}: ${line.trim()}`);
        if (forbidden.test(line.replace(/^\s*(?:\/\/|\/?\*).*|\/\/ .*$/, ""))) {
          offences.push(`${name}:${i + 1}: ${line.trim()}`);
        }
      });
    }
    assert.deepEqual(offences, []);
  });

  const FOLDERS = ["shared", "trainer", "evaluator", "benches", "studies", "scripts"];

  it("is drawn in the README as it is", () => {
    const drawing = drawnTree(readFileSync(join(ROOT, "README.md"), "utf8"));
    assert.ok(drawing.length > 0, "README.md has no code block with a line that starts with shared/");
    assert.deepEqual(drawing.filter((path) => !existsSync(join(ROOT, path))), [], "drawn, not there");
    const drawn = new Set(drawing.map((path) => path.replace(/\/$/, "")));
    const missing = ["shared", "trainer", "evaluator", "shared/engine"].flatMap((room) =>
      readdirSync(join(ROOT, room), { withFileTypes: true })
        .filter((each) => each.name !== "node_modules")
        .filter((each) => each.isDirectory() || /(?<![._]test)\.ts$/.test(each.name))
        .map(({ name }) => `${room}/${name}`)
    ).filter((path) => !drawn.has(path));
    assert.deepEqual(missing, [], "there, not drawn");
  });

  it("keeps each op's shader, launcher, reference and test in one folder", () => {
    const OPS = "shared/engine/ops";
    const files = filesUnder(OPS);
    const folders = readdirSync(join(ROOT, OPS), { withFileTypes: true }).filter((each) =>
      each.isDirectory()
    );
    assert.ok(folders.length > 10);
    // A decode step is made of other folders' operations, which have the references; storage converts exactly.
    const composed = ["decode", "storage", "lora", "sampling"];
    const missing = folders.flatMap(({ name }) => {
      const own = files.filter((path) => dirname(path) === `${OPS}/${name}`).map((path) => basename(path));
      const kinds = {
        shader: /\.wgsl$/,
        launcher: /^\w+\.ts$/,
        reference: /\.ref\.ts$/,
        test: /\.test\.ts$/,
      };
      return Object.entries(kinds)
        .filter(([kind]) => kind !== "reference" || !composed.includes(name))
        .filter(([, pattern]) => !own.some((file) => pattern.test(file)))
        .map(([kind]) => `${name} has no ${kind}`);
    });
    assert.deepEqual(missing, []);
  });

  it("mentions no source file that does not exist", () => {
    const files = [...FOLDERS.flatMap(filesUnder), "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];
    assert.deepEqual(
      missingMentions("a/b.ts", "// see b.ts and ../gone.ts\nconst gone = 1;", endsOf(["a/b.ts"])),
      [
        "a/b.ts: ../gone.ts",
      ],
    );
    const sources = endsOf(files);
    const readable = files.filter((path) =>
      /\.(ts|mjs|wgsl|py|md)$/.test(path) && !path.startsWith("studies/")
    );
    const missing = readable.flatMap((path) =>
      missingMentions(path, readFileSync(join(ROOT, path), "utf8"), sources)
    );
    assert.deepEqual(missing, []);
  });

  it("has no name that Windows reserves", () => {
    const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|[<>:"|?*\\]|[. ]$/i;
    assert.match("aux.test.ts", reserved);
    const names = FOLDERS.flatMap(filesUnder).filter((path) =>
      path.split("/").some((name) => reserved.test(name))
    );
    assert.deepEqual(names, []);
  });

  it("says which Node it needs", () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    assert.deepEqual(Object.keys(engines), ["node"]);
  });
});

/** Every way to name the paths: whole, or from any folder on. */
function endsOf(paths) {
  return new Set(paths.flatMap((path) => path.split("/").map((_, i, parts) => parts.slice(i).join("/"))));
}

/** Source files that a comment or a document names and that are not among the `known`; names with ./ are examples. */
function missingMentions(path, text, known) {
  const comments = path.endsWith(".md") ? [text] : text.match(/^\s*(?:\/\/|\/?\*|#).*|\s\/\/ .*/gm) ?? [];
  const words = comments.flatMap((line) =>
    line.match(/(?<![\w@/.*$<>{}-])(?:[\w.-]+\/)*[a-z]\w*(?:\.\w+)*\.(?:ts|wgsl|mjs)\b(?!\/)/g) ?? []
  );
  const isKnown = (word) => {
    const name = word.replace(/^(?:\.\.?\/)+/, "");
    return known.has(name);
  };
  return words.filter((word) => !word.startsWith("./") && word !== "src/runtime.ts" && !isKnown(word))
    .map((word) => `${path}: ${word}`);
}

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
