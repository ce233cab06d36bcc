// init as a person starts it: with flags, or answering its questions on a terminal.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { ghpo, ROOT } from "../testing.ts";
import { generatedRecipe } from "./text.ts";

const temporary = temporaryFolders();

describe("ghpo init", () => {
  it("writes a recipe that train takes, and never over a file", () => {
    const file = join(temporary(), "mine.toml");
    assert.equal(ghpo("init", file, "--steps", "12", "--data", "gcd,chain").code, 0);
    const recipe = JSON.parse(ghpo("train", file, "--dry-run", "--json").out);
    assert.deepEqual([recipe.train.max_steps, recipe.data.families, recipe.output_dir], [
      12,
      ["gcd", "chain"],
      "runs/mine",
    ]);
    assert.match(ghpo("init", file).err, /Cannot write .*mine\.toml as it exists: add --force/);
  });

  const skip = process.platform !== "linux" && "the program that makes a terminal has other flags here";
  it("asks four questions on a terminal, also of somebody who pastes the answers", { skip }, () => {
    const file = join(temporary(), "asked.toml");
    const command = `${process.execPath} trainer/main.ts init ${file}`;
    const { stdout, exitCode } = Bun.spawnSync(["script", "-qec", command, "/dev/null"], {
      cwd: ROOT,
      stdin: Buffer.from("\ngcd\ngrpo\n7\n"),
    });
    assert.equal(exitCode, 0, stdout.toString());
    assert.match(stdout.toString(), /Optimizer steps \[60\]: /);
    const { algorithm, data, train } = JSON.parse(ghpo("train", file, "--dry-run", "--json").out);
    assert.deepEqual([algorithm, data.families, train.max_steps], ["grpo", ["gcd"], 7]);
  });

  it("takes a model for a tiny one by its vocabulary, not by its name", () => {
    const answers = { data: "gcd", algorithm: "ghpo", steps: "1", schema: "s" };
    assert.match(generatedRecipe({ ...answers, model: "trainer/recipes/tiny-base" }, "x"), /format = "hash"/);
    assert.match(generatedRecipe({ ...answers, model: "TinyLlama-1.1B" }, "x"), /format = "think_answer"/);
  });

  it("names what it cannot use, and the nearest that it can", () => {
    const file = join(temporary(), "mine.toml");
    assert.match(
      ghpo("init", file, "--data", "chian").err,
      /Cannot use the problems "chian": .*the nearest is chain/,
    );
    assert.match(ghpo("init", file, "--algorithm", "gphpo").err, /algorithm must be/);
    assert.match(ghpo("init", file, "--steps", "0").err, /train\.max_steps must be >= 1/);
    assert.throws(() => readFileSync(file), /ENOENT/);
  });
});
