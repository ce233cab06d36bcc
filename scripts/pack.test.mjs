// An offline bundle runs in a root that holds nothing but libc, libstdc++ and a shell, without network.

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import { readTar, tarEnd, tarHeader, tarPadding } from "./archives.mjs";
import { CACHE, ROOT } from "./cache.mjs";
import { ensureVulkan } from "./driver.mjs";
import { filesUnder } from "./imports.mjs";
import { dependencyFiles, projectFiles, spelledForBundle } from "./pack_parts.mjs";
import { write } from "./pack_writer.mjs";
import { capture } from "./process.mjs";
import { TOOLS } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "ghpo-pack-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const text = (path, value) => ({ path, bytes: Buffer.from(value), mode: 0o644 });

describe("tarHeader()", () => {
  it("is read by tar and by readTar, long names too", async () => {
    const long = `${"folder/".repeat(20)}${"n".repeat(70)}`;
    const files = { a: "x".repeat(512), [long]: "hello", empty: "" };
    const blocks = Object.entries(files).flatMap(([path, contents]) => [
      tarHeader({ path, size: contents.length, mode: 0o644 }),
      Buffer.from(contents),
      tarPadding(contents.length),
    ]);
    const path = join(folder, "own.tar");
    writeFileSync(path, Buffer.concat([...blocks, tarEnd()]));
    const read = readTar(readFileSync(path));
    assert.deepEqual(Object.fromEntries([...read].map(([name, bytes]) => [name, bytes.toString()])), files);
    const { stdout, code } = await capture("tar", ["tf", path]);
    assert.deepEqual([code, stdout.trim().split("\n")], [0, Object.keys(files)]);
    assert.throws(
      () => tarHeader({ path: "n".repeat(300), size: 1, mode: 0 }),
      /^RangeError: Cannot archive n+ as/,
    );
  });
});

describe("write()", () => {
  const contents = { one: [text("a", "a".repeat(1e5))], two: [text("b/c", "c")] };
  it("compresses, says what each part takes, and gives the same bytes again", async (t) => {
    if ((await capture("xz", ["--version"])).code !== 0) return t.skip("there is no xz on the PATH");
    const [first, second] = ["first.tar.xz", "second.tar.xz"].map((name) => join(folder, name));
    const rows = await write(first, contents);
    await write(second, contents);
    assert.deepEqual(readFileSync(first), readFileSync(second));
    assert.deepEqual(rows.map(({ name, files, bytes }) => [name, files, bytes]), [["one", 1, 1e5], [
      "two",
      1,
      1,
    ]]);
    assert.equal(rows[0].packed + rows[1].packed, readFileSync(first).length);
    const { stdout } = await capture("tar", ["tf", first]);
    assert.equal(stdout, "ghpo-offline/a\nghpo-offline/b/c\n");
  });

  it("leaves nothing of an archive that it could not finish", async () => {
    const missing = { one: [text("a", "a"), { path: "b", source: folder, mode: 0o644 }] }; // a folder is no file
    for (const name of ["gone.tar", "gone.tar.xz"]) {
      await assert.rejects(write(join(folder, name), missing), /EISDIR/);
    }
    assert.deepEqual(readdirSync(folder).filter((name) => /gone/.test(name)), []);
    await assert.rejects(write(join(folder, "none", "a.tar"), contents), /^Error: Cannot write .* as ENOENT/);
  });
});

describe("the parts of a bundle", () => {
  it("spell commands as they are typed there", () => {
    assert.equal(spelledForBundle("`npm run -s ghpo -- train x`"), "`./ghpo train x`");
    assert.equal(spelledForBundle('new Command("npm run -s ghpo --")'), 'new Command("./ghpo")');
    assert.equal(spelledForBundle("npm run -s evaluate -- --model DIR"), "./ghpo evaluate --model DIR");
    assert.equal(spelledForBundle("npm run demo"), "./ghpo demo");
    const left = projectFiles().filter(({ path, bytes }) =>
      /^(trainer|evaluator|shared)\/.*\.ts$/.test(path) && /npm run (?!bench|test)/.test(bytes)
    );
    assert.deepEqual(left.map(({ path }) => path), []);
  });

  it("have Dawn for this platform only, and no tests", () => {
    const libraries = dependencyFiles().filter(({ path }) => path.endsWith(".node"));
    assert.deepEqual(libraries.map(({ path }) => path), [
      `node_modules/webgpu/dist/${process.platform}-${process.arch}/dawn.node`,
    ]);
    assert.deepEqual(projectFiles().filter(({ path }) => /\.test\./.test(path)), []);
  });

  it("have all that the evaluator uses of Deno", async () => {
    const files = filesUnder("evaluator").filter((path) =>
      path.endsWith(".ts") && !/_test\.ts$|(testing|examples|tools)\//.test(path)
    );
    const code = files.map((path) =>
      readFileSync(join(ROOT, path), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "")
    ).join("\n");
    const used = new Set([...code.matchAll(/\bDeno((?:\.\w+)+)/g)].map(([, path]) => path.slice(1)));
    const methods = new Set(
      [...code.matchAll(/[fF]ile\.(\w+Sync|close)\(/g)].map(([, name]) => `FsFile.prototype.${name}`),
    );
    assert.ok(used.size > 10 && methods.size > 5);
    // Under Bun `serve` has a branch of its own.
    const names = [...used, ...methods].filter((name) => name !== "serve");
    const script = `import "./scripts/offline/deno.mjs";
      const has = (name) => name.split(".").reduce((at, key) => at?.[key], Deno) !== undefined;
      console.log(JSON.stringify(${JSON.stringify(names)}.filter((name) => !has(name))));`;
    const { stdout, stderr } = await capture(TOOLS.bun, ["-e", script], { cwd: ROOT });
    assert.equal(stdout, "[]\n", stderr);
  });
});

/** Runs a command in a root of its own, without network. */
function enter(root, command) {
  const script =
    'root=$1; shift; mount --rbind /dev "$root/dev" && mount --rbind /proc "$root/proc" && exec chroot "$root" "$@"';
  const env = { PATH: process.env.PATH, HOME: "/tmp" };
  return capture("unshare", ["-rnm", "sh", "-c", script, "sh", root, ...command], { env, timeout: 120_000 });
}

/** What a machine must have: a loader, libc, libstdc++ and a shell. */
const LIBRARIES =
  /^\s*(?:\S+ => )?(\/\S*\/(?:ld-linux|libc|libm|libdl|libpthread|libstdc\+\+|libgcc_s)[-.]\S*)/gm;

/** A root with nothing else, or why there can be none. */
async function emptyRoot() {
  if (process.platform !== "linux") return { missing: "only on Linux" };
  const root = join(folder, "root");
  for (const name of ["bin", "dev", "proc", "tmp", "work"]) mkdirSync(join(root, name), { recursive: true });
  const dawn = join(ROOT, "node_modules/webgpu/dist", `${process.platform}-${process.arch}`, "dawn.node");
  copyFileSync("/bin/sh", join(root, "bin", "sh"));
  for (const file of ["/bin/sh", TOOLS.bun, dawn]) {
    const { stdout } = await capture("ldd", [file]);
    for (const [, library] of stdout.matchAll(LIBRARIES)) {
      mkdirSync(join(root, library, ".."), { recursive: true });
      copyFileSync(library, join(root, library));
    }
  }
  const { code, stderr } = await enter(root, ["/bin/sh", "-c", "exit 0"]);
  return code === 0 ? { root } : { missing: `no namespaces here: ${stderr.trim()}` };
}

const { missing } = await ensureVulkan({ hide: "system,apt" });
const place = missing ? { missing } : await emptyRoot();

describe("an offline bundle in an empty root without network", { skip: place.missing ?? false }, () => {
  const bundle = "/work/ghpo-offline";
  const { root } = place;
  const run = (...words) => enter(root, [`${bundle}/ghpo`, ...words]);

  before(async () => {
    const out = join(folder, "bundle.tar");
    const packed = await capture(process.execPath, [
      join(ROOT, "scripts/pack.mjs"),
      "--out",
      out,
      "--driver",
    ]);
    assert.equal(packed.code, 0, packed.stderr);
    assert.match(packed.stdout, /^runtime +1 files .*\n(.*\n)*.*bundle\.tar: \d+\.\d MiB\nNext: /);
    const unpacked = await capture("tar", ["xf", out, "-C", join(root, "work")]);
    assert.equal(unpacked.code, 0, unpacked.stderr);
    rmSync(out);
  });

  it("says what it can do, and verifies", { timeout: 60_000 }, async () => {
    const help = await run("--help");
    assert.match(help.stdout, /^Usage: \.\/ghpo COMMAND/, help.stderr);
    const verdict = await run("verify", "\\frac12", "so it is \\boxed{0.5}");
    assert.deepEqual([verdict.stdout, verdict.code], ["equal\n", 0]);
  });

  it("trains, resumes and evaluates on the packed driver", { timeout: 120_000 }, async () => {
    const small = [
      ...["--ghpo.cold_start_steps", "0", "--train.prompts_per_step", "4", "--eval.eval_every", "0"],
      ...["--generation.num_generations", "4", "--generation.max_completion_length", "16"],
    ];
    const line = ["train", "demo", "--output_dir", "/tmp/run", ...small];
    const first = await run(...line, "--max_steps", "1");
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^Finished after step 1 of 1\.\n(.*\n)*Next: \.\/ghpo evaluate --model/);
    const second = await run(...line, "--max_steps", "2", "--resume");
    assert.match(second.stdout, /^Finished after step 2 of 2\./, second.stderr);
    const model = "/tmp/run/checkpoints/step_000002";
    const words = ["--benchmarks", "chain", "--per-level", "2", "--max-tokens", "16", "--problems-seed", "7"];
    const evaluated = await run("evaluate", "--model", model, ...words, "--out", "/tmp/result.json");
    assert.equal(evaluated.code, 0, evaluated.stderr);
    const { benchmarks } = JSON.parse(readFileSync(join(root, "tmp/result.json"), "utf8"));
    assert.deepEqual(benchmarks.map(({ name }) => name), ["chain"]);
  });

  it("says what it does not have instead of fetching it", { timeout: 60_000 }, async () => {
    rmSync(join(root, "work/ghpo-offline/.cache"), { recursive: true });
    const { stderr, code } = await run("train", "demo", "--output_dir", "/tmp/other");
    assert.notEqual(code, 0);
    assert.match(stderr, /Cannot find a usable GPU adapter: .*SwiftShader as an offline bundle must have it/);
    const ranks = await run("train", "demo", "--output_dir", "/tmp/other", "--ranks", "2");
    assert.match(ranks.stderr, /Cannot start ranks as mpirun must be on the PATH/);
  });
});

describe("pack", () => {
  const pack = (...words) => capture(process.execPath, [join(ROOT, "scripts/pack.mjs"), ...words]);
  it("refuses what it cannot write, and has help", async () => {
    assert.match((await pack("--out", "a.zip")).stderr, /^error: Cannot pack as --out must end in \.tar\.xz/);
    assert.match((await pack()).stderr, /no archive is named: pass --out FILE/);
    const model = await pack("--out", join(folder, "m.tar"), "--model", folder);
    assert.match(model.stderr, /Cannot pack the model .* as it has no config\.json/);
    assert.match((await pack("--help")).stdout, /^npm run -s pack -- --out FILE/);
    assert.ok(!existsSync(join(folder, "m.tar")) && !existsSync(join(CACHE, basename(folder))));
  });
});
