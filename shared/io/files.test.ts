import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeDirectory, prepareToWrite } from "./files.ts";
import { listenError } from "./listen.ts";
import { modelFiles } from "./streams.ts";

describe("files", () => {
  const inFolder = (work: (folder: string) => void) => () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-files-"));
    try {
      work(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it(
    "are known to be writable before the work that they are for",
    inFolder((folder) => {
      const file = join(folder, "file");
      writeFileSync(file, "");
      prepareToWrite(join(folder, "new", "x.json"));
      assert.ok(existsSync(join(folder, "new")));
      prepareToWrite(file);
      assert.throws(() => prepareToWrite(folder), { message: `Cannot write ${folder} as it is a directory` });
      assert.throws(() => prepareToWrite(join(file, "x")), {
        message: `Cannot write ${file} as it is a file already`,
      });
      assert.throws(() => makeDirectory(file), { message: `Cannot write ${file} as it is a file already` });
      assert.throws(() => makeDirectory(join(file, "a", "b")), /as a part of its path is not a directory$/);
    }),
  );

  it(
    "of a model are its configuration and weights, or its GGUF file",
    inFolder((folder) => {
      for (const name of ["model.safetensors", "tokenizer.json", "x.gguf"]) {
        writeFileSync(join(folder, name), "");
      }
      const gguf = [folder, ["x.gguf"]];
      assert.deepEqual([modelFiles(folder), modelFiles(join(folder, "x.gguf"))], [gguf, gguf]);
      writeFileSync(join(folder, "config.json"), "");
      assert.deepEqual(modelFiles(folder)[1], ["config.json", "model.safetensors"]);
    }),
  );
});

it("a port or address that cannot be listened on is named, with what to do", () => {
  const said = (code?: string) =>
    listenError(80, "h", Object.assign(new Error("odd"), code && { code })).message;
  assert.match(
    said("EADDRINUSE"),
    /^Cannot listen on port 80 of h as another program does: give another port, or 0/,
  );
  assert.match(
    said("EADDRNOTAVAIL"),
    /^Cannot listen on port 80 of h as this machine has no such address: give/,
  );
  assert.match(
    said("EACCES"),
    /^Cannot listen on port 80 of h as the system reserves the port: give one above 1023$/,
  );
  assert.equal(said(), "Cannot listen on port 80 of h: odd");
});
