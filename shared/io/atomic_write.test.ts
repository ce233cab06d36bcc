import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recoverDirectory, writeDirectoryAtomic, writeFileAtomic } from "./atomic_write.ts";
import { checkFiles, fileEntry, sha256 } from "./hash.ts";
import { readJson } from "./files.ts";
import { appendJsonl, parseJsonl, readJsonl, writeJsonl } from "./jsonl.ts";

// A device on which every write fails with "no space left": a full disk without filling one.
const FULL = "/dev/full";
const skip = whyNotFull();

function whyNotFull(): string | false {
  try {
    return existsSync(FULL) ? false : `this system has no ${FULL}`;
  } catch {
    // Deno wants --allow-all for devices, which is not given here.
    return `this runtime may not open ${FULL}`;
  }
}

async function inFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-io-"));
  try {
    await test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("writeFileAtomic()", () => {
  it("replaces the content and leaves no other name", () =>
    inFolder((folder) => {
      const path = join(folder, "x.txt");
      writeFileAtomic(path, "one");
      writeFileAtomic(path, (write) => {
        write(new TextEncoder().encode("tw"));
        write(new TextEncoder().encode("o"));
      });
      assert.equal(readFileSync(path, "utf8"), "two");
      assert.deepEqual(readdirSync(folder), ["x.txt"]);
    }));

  it("keeps the former content when the writer fails half-way", () =>
    inFolder((folder) => {
      const path = join(folder, "x.txt");
      writeFileAtomic(path, "one");
      assert.throws(() =>
        writeFileAtomic(path, (write) => {
          write(new TextEncoder().encode("tw"));
          throw new Error("device lost");
        }), { message: "device lost" });
      assert.equal(readFileSync(path, "utf8"), "one");
      assert.deepEqual(readdirSync(folder), ["x.txt"]);
    }));

  it("says that the disk is full and leaves nothing", () =>
    inFolder((folder) => {
      const path = join(folder, "x.txt");
      const full = () => {
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      };
      assert.throws(() => writeFileAtomic(path, full), {
        message: `Cannot write ${path} as the disk is full`,
      });
      assert.deepEqual(readdirSync(folder), []);
    }));

  it("does the same when the device itself is full", { skip }, () =>
    inFolder((folder) => {
      const path = join(folder, "x.txt");
      writeFileAtomic(path, "one");
      symlinkSync(FULL, `${path}.tmp`);
      assert.throws(() => writeFileAtomic(path, "two"), {
        message: `Cannot write ${path} as the disk is full`,
      });
      assert.equal(readFileSync(path, "utf8"), "one");
      assert.deepEqual(readdirSync(folder), ["x.txt"]);
    }));

  it("names a directory that does not exist", () =>
    inFolder((folder) => {
      const path = join(folder, "missing", "x");
      assert.throws(() => writeFileAtomic(path, ""), {
        message: `Cannot write ${path} as its folder does not exist`,
      });
    }));
});

describe("writeDirectoryAtomic()", () => {
  const fill = (content: string) => (temporary: string) => {
    mkdirSync(join(temporary, "sub"));
    writeFileSync(join(temporary, "sub", "x"), content);
  };

  it("makes and replaces a directory", () =>
    inFolder(async (folder) => {
      const path = join(folder, "step-1");
      await writeDirectoryAtomic(path, fill("one"));
      await writeDirectoryAtomic(path, fill("two"));
      assert.equal(readFileSync(join(path, "sub", "x"), "utf8"), "two");
      assert.deepEqual(readdirSync(folder), ["step-1"]);
    }));

  it(
    "keeps the former directory when filling fails, on a full disk too",
    { skip },
    () =>
      inFolder(async (folder) => {
        const path = join(folder, "step-1");
        await writeDirectoryAtomic(path, fill("one"));
        const failing = writeDirectoryAtomic(path, (temporary) => {
          fill("two")(temporary);
          symlinkSync(FULL, join(temporary, "y.tmp"));
          writeFileAtomic(join(temporary, "y"), "y");
        });
        await assert.rejects(failing, { message: `Cannot write ${path}.tmp/y as the disk is full` });
        assert.equal(readFileSync(join(path, "sub", "x"), "utf8"), "one");
        assert.deepEqual(readdirSync(folder), ["step-1"]);
      }),
  );

  it("is repaired after a crash between its two renames, and before them", () =>
    inFolder((folder) => {
      const path = join(folder, "step-1");
      mkdirSync(`${path}.old`);
      mkdirSync(`${path}.tmp`);
      recoverDirectory(path);
      assert.deepEqual(readdirSync(folder), ["step-1"]);
      mkdirSync(`${path}.old`);
      recoverDirectory(path);
      assert.deepEqual(readdirSync(folder), ["step-1"]);
    }));
});

describe("JSON Lines", () => {
  it("splits at newlines only and counts lines", () => {
    const text = '{"a":"x\u2028y"}\n\n{"a":2}\r\n3';
    assert.deepEqual([...parseJsonl(text, "f")], [
      { line: 1, value: { a: "x\u2028y" } },
      { line: 3, value: { a: 2 } },
      { line: 4, value: 3 },
    ]);
  });

  it("names file and line of a fault", () => {
    assert.throws(() => [...parseJsonl("1\n{\n", "data.jsonl")], {
      name: "SyntaxError",
      message: /^Cannot read data\.jsonl:2 as it is not valid JSON: /,
    });
  });

  it("leaves out a torn last line only when asked to", () => {
    assert.deepEqual([...parseJsonl('1\n{"a', "f", { dropTorn: true })], [{ line: 1, value: 1 }]);
    assert.throws(() => [...parseJsonl('1\n{"a', "f")]);
    assert.throws(() => [...parseJsonl('{"a\n1\n', "f", { dropTorn: true })]);
    assert.throws(() => [...parseJsonl('1\n{"a\n', "f", { dropTorn: true })]);
  });

  it("appends and rewrites", () =>
    inFolder((folder) => {
      const path = join(folder, "m.jsonl");
      appendJsonl(path, { step: 1 });
      appendJsonl(path, { step: 2 });
      assert.deepEqual([...readJsonl(path)].map(({ value }) => value), [{ step: 1 }, { step: 2 }]);
      writeJsonl(path, [{ step: 1 }]);
      assert.equal(readFileSync(path, "utf8"), '{"step":1}\n');
    }));
});

describe("readJson()", () => {
  it("says in one sentence what is wrong", () =>
    inFolder((folder) => {
      const path = join(folder, "config.json");
      assert.throws(() => readJson(path), { message: `Cannot read ${path} as it does not exist` });
      writeFileSync(path, "{");
      assert.throws(() => readJson(path), {
        name: "SyntaxError",
        message: /config\.json as it is not valid JSON: /,
      });
    }));
});

describe("hashes", () => {
  it("is SHA-256 (FIPS 180-2 example)", () => {
    assert.equal(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("finds a file that is missing, cut off or changed", () =>
    inFolder((folder) => {
      const path = join(folder, "w.bin");
      writeFileSync(path, new Uint8Array(3_000_000));
      const entry = fileEntry(folder, "w.bin");
      assert.deepEqual(entry, { path: "w.bin", bytes: 3_000_000, sha256: sha256(new Uint8Array(3_000_000)) });
      checkFiles(folder, [entry]);
      const changed = new Uint8Array(3_000_000);
      changed[2_999_999] = 1;
      writeFileSync(path, changed);
      assert.throws(() => checkFiles(folder, [entry]), /w\.bin as its content has changed/);
      writeFileSync(path, new Uint8Array(5));
      assert.throws(
        () => checkFiles(folder, [entry]),
        /w\.bin as it must have 3000000 bytes: current size is 5/,
      );
      rmSync(path);
      assert.throws(() => checkFiles(folder, [entry]), /w\.bin as it does not exist/);
    }));
});
