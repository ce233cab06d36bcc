// The completion scripts, run by the shells that are installed.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { ghpo } from "./testing.ts";

const temporary = temporaryFolders();

describe("ghpo completion", () => {
  it("prints scripts that the shells take", () => {
    const script = ghpo("completion", "bash").out;
    const asked = `${script}\nCOMP_WORDS=(ghpo tr) COMP_CWORD=1; _ghpo; echo "\${COMPREPLY[@]}"
COMP_WORDS=(ghpo export --fo) COMP_CWORD=2; _ghpo; echo "\${COMPREPLY[@]}"`;
    const file = join(temporary(), "complete.sh");
    writeFileSync(file, asked);
    const { stdout } = Bun.spawnSync(["bash", file]);
    assert.deepEqual(stdout.toString().trim().split("\n"), ["train", "--format"]);
    assert.match(
      ghpo("completion", "tcsh").err,
      /Cannot complete for tcsh: the shell must be bash, zsh, fish/,
    );
  });
});

describe("ghpo completion zsh", { skip: Bun.which("zsh") === null && "no zsh is installed" }, () => {
  it("offers commands, flags and recipes", () => {
    const file = join(temporary(), "ghpo.zsh");
    writeFileSync(file, ghpo("completion", "zsh").out);
    // As bashcompinit calls it: with bash's variables, counted from 0.
    const ask = (words: string[]) =>
      `COMP_WORDS=(${words.join(" ")}) COMP_CWORD=${words.length - 1}; _ghpo; print -r -- "\${COMPREPLY[@]}"`;
    const asked = [["ghpo", "tra"], ["ghpo", "export", "--fo"], ["ghpo", "train", "dem"]].map(ask);
    const script = [`source ${file}`, "emulate ksh", ...asked].join("\n");
    const { stdout } = Bun.spawnSync(["zsh", "-f", "-c", script], {
      env: { ...process.env, HOME: temporary() },
    });
    // zsh itself picks those that begin as what was typed.
    const offered = stdout.toString().trim().split("\n").map((line) => line.split(" "));
    assert.ok(offered[0]!.includes("train") && !offered[0]!.includes("--format"));
    assert.ok(offered[1]!.includes("--format") && !offered[1]!.includes("train"));
    assert.ok(offered[2]!.includes("demo") && offered[2]!.includes("--resume"));
  });
});

describe("ghpo completion fish", { skip: Bun.which("fish") === null && "no fish is installed" }, () => {
  it("offers commands, flags and recipes", () => {
    const file = join(temporary(), "ghpo.fish");
    writeFileSync(file, ghpo("completion", "fish").out);
    const asked = ["ghpo tr", "ghpo export --fo", "ghpo train dem"].map((line) => `complete -C "${line}"`);
    const { stdout } = Bun.spawnSync(["fish", "--no-config", "-c", [`source ${file}`, ...asked].join("; ")]);
    const words = stdout.toString().trim().split("\n").map((line) => line.split("\t")[0]);
    assert.deepEqual(words, ["train", "--format", "demo"]);
  });
});
