// Against a server on this machine that behaves like the hub: an API with digests, redirects to a store that must not
// see the token, ranges, connections that break.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), "ghpo-download-"));
const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const weights = new Uint8Array(3_000_000).map((_, i) => (i * 31) % 251);
const FILES: Record<string, Uint8Array> = {
  "config.json": new TextEncoder().encode('{"model_type": "llama"}'),
  "model.safetensors": weights,
  "pytorch_model.bin": new Uint8Array(10),
  "onnx/model.onnx": new Uint8Array(10),
};
const LARGE = new Set(["model.safetensors"]);

/** What the store does to the next request: ends it early, or changes a byte. */
let breaks = 0;
let spoils = false;
let gated = false;
const seen: { at: string; path: string; token: string | null; range: string | null }[] = [];

const note = (at: string, request: Request) =>
  seen.push({
    at,
    path: new URL(request.url).pathname,
    token: request.headers.get("authorization"),
    range: request.headers.get("range"),
  });

const store = Bun.serve({
  port: 0,
  fetch(request) {
    note("store", request);
    const path = new URL(request.url).pathname.slice(1);
    const start = Number(/bytes=(\d+)-/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    let bytes = FILES[path]!.slice(start);
    if (spoils) bytes = bytes.map((byte, i) => i === 5 ? byte ^ 1 : byte);
    const status = start > 0 ? 206 : 200;
    if (breaks-- > 0) return new Response(bytes.slice(0, 1_000_000), { status });
    return new Response(bytes, { status });
  },
});
const hub = Bun.serve({
  port: 0,
  fetch(request) {
    note("hub", request);
    const { pathname } = new URL(request.url);
    if (gated && request.headers.get("authorization") !== "Bearer secret") {
      return new Response("no", { status: 401 });
    }
    const api = /^\/api\/(models|datasets)\/own\/tiny\/revision\/(.+)$/.exec(pathname);
    if (api !== null) {
      if (api[2] !== "main" && api[2] !== COMMIT) return new Response("no", { status: 404 });
      const siblings = Object.entries(FILES).map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        blobId: createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex"),
        ...(LARGE.has(rfilename) && { lfs: { sha256: createHash("sha256").update(bytes).digest("hex") } }),
      }));
      return Response.json({ id: "own/tiny", sha: COMMIT, siblings });
    }
    const path = /^\/(?:datasets\/)?own\/tiny\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(pathname)?.[1];
    if (path === undefined || FILES[path] === undefined) return new Response("no", { status: 404 });
    if (!LARGE.has(path)) return new Response(FILES[path]);
    return new Response(null, {
      status: 302,
      headers: { location: `http://127.0.0.1:${store.port}/${path}` },
    });
  },
});
after(async () => {
  await Promise.all([store.stop(true), hub.stop(true)]);
  rmSync(FOLDER, { recursive: true });
});

async function download(words: string[], env: Record<string, string> = {}) {
  seen.length = 0;
  const child = Bun.spawn([process.execPath, "trainer/main.ts", "download", ...words], {
    cwd: ROOT,
    env: {
      ...process.env,
      HF_TOKEN: "",
      HF_ENDPOINT: `http://127.0.0.1:${hub.port}/`,
      GHPO_RETRY_MS: "1",
      ...env,
    },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

describe("ghpo download", () => {
  it(
    "fetches what a model needs, at a commit, and keeps the token from the store",
    { timeout: 60_000 },
    async () => {
      const out = join(FOLDER, "a");
      gated = true;
      const { code, out: printed, err } = await download(["own/tiny", "--out", out], { HF_TOKEN: "secret" });
      gated = false;
      assert.equal(code, 0, err);
      assert.deepEqual(new Uint8Array(readFileSync(join(out, "model.safetensors"))), weights);
      assert.equal(existsSync(join(out, "pytorch_model.bin")) || existsSync(join(out, "onnx")), false);
      const record = JSON.parse(readFileSync(join(out, "download.json"), "utf8"));
      assert.deepEqual(record, {
        repository: "own/tiny",
        kind: "model",
        commit: COMMIT,
        files: ["config.json", "model.safetensors"],
      });
      assert.match(printed, new RegExp(`2 files, 3 MiB, commit ${COMMIT}\\nNext: .* init my\\.toml --model`));
      assert.ok(seen.filter(({ at }) => at === "hub").every(({ token }) => token === "Bearer secret"));
      assert.deepEqual(seen.filter(({ at }) => at === "store").map(({ token }) => token), [null]);
      await download(["own/tiny", "--out", out]);
      assert.deepEqual(seen.map(({ path }) => path), ["/api/models/own/tiny/revision/main"]);
    },
  );

  it(
    "goes on where it was cut off, by a broken connection or an end of the program",
    { timeout: 60_000 },
    async () => {
      const out = join(FOLDER, "b");
      breaks = 2;
      const { code, err } = await download(["own/tiny", "--out", out]);
      assert.equal(code, 0, err);
      assert.deepEqual(seen.filter(({ at }) => at === "store").map(({ range }) => range), [
        null,
        "bytes=1000000-",
        "bytes=2000000-",
      ]);
      rmSync(join(out, "model.safetensors"));
      writeFileSync(join(out, "model.safetensors.part"), weights.slice(0, 1234));
      assert.equal((await download(["own/tiny", "--out", out])).code, 0);
      assert.deepEqual(seen.filter(({ at }) => at === "store").map(({ range }) => range), ["bytes=1234-"]);
      assert.deepEqual(new Uint8Array(readFileSync(join(out, "model.safetensors"))), weights);
    },
  );

  it("refuses content that is not what the digest says, and leaves nothing under its name", {
    timeout: 60_000,
  }, async () => {
    const out = join(FOLDER, "c");
    spoils = true;
    const { code, err } = await download(["own/tiny", "--out", out]);
    spoils = false;
    assert.equal(code, 1);
    assert.match(
      err,
      /error: Cannot download model\.safetensors of own\/tiny as its content is not what the hub's digest says/,
    );
    assert.equal(
      existsSync(join(out, "model.safetensors")) || existsSync(join(out, "model.safetensors.part")),
      false,
    );
  });

  it("says in one sentence what it cannot fetch", { timeout: 60_000 }, async () => {
    const refused = async (words: string[], message: RegExp, env = {}) => {
      const { code, err } = await download([...words, "--quiet"], env);
      assert.equal(code, 1);
      assert.match(err, message);
    };
    await refused(["tiny"], /^error: Cannot download tiny as it must look like ORG\/NAME\n$/);
    await refused(
      ["own/none"],
      /^error: Cannot download own\/none as there is no such model or no main in it \(a data set needs --dataset\)\n$/,
    );
    await refused(["own/tiny", "--revision", "v9"], /no such model or no v9 in it/);
    await refused(
      ["own/tiny", "--include", "*.gguf"],
      /none of its files is wanted: it holds config\.json, model\.safetensors/,
    );
    gated = true;
    await refused(
      ["own/tiny"],
      /is private or is gated: look at http:.*own\/tiny, accept its terms there, and set HF_TOKEN\n$/,
    );
    gated = false;
    await refused(["own/tiny"], /^error: Cannot download as the network connection failed: /, {
      HF_ENDPOINT: "http://127.0.0.1:9",
    });
  });

  it("fetches the files of a data set that it is asked for", { timeout: 60_000 }, async () => {
    const out = join(FOLDER, "d");
    const { code, out: printed, err } = await download(["own/tiny", "--dataset", "--out", out, "--json"]);
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(printed).files, ["config.json"]);
    assert.ok(seen.some(({ path }) => path === `/datasets/own/tiny/resolve/${COMMIT}/config.json`));
  });
});
