import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunDirectory } from "../run/directory.ts";
import { writeRun } from "../dashboard/testing/run.ts";
import { withoutPlaces } from "./bundle.ts";
import { csv } from "./export.ts";
import { crc32c, tensorboardEvents } from "#shared/io/tensorboard.ts";
import { writeByteModel } from "./init/testing.ts";
import { generatedRecipe } from "./init/text.ts";
import { plot } from "./show.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-tools-"));
  folders.push(folder);
  return folder;
}

function aRun(): string {
  const run = join(temporary(), "demo");
  writeRun(run, 20, 30);
  return run;
}

function ghpo(...args: string[]) {
  return ghpoWith({}, ...args);
}

function ghpoWith(env: Record<string, string>, ...args: string[]) {
  return ghpoIn(ROOT, args, env);
}

function ghpoIn(cwd: string, args: string[], env: Record<string, string> = {}) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    join(ROOT, "trainer/main.ts"),
    ...args,
  ], {
    cwd,
    env: { ...process.env, ...env },
    stdin: "ignore",
  });
  return { code: exitCode, out: stdout.toString(), err: stderr.toString() };
}

describe("ghpo runs", () => {
  it("lists runs with where they stand", () => {
    const run = aRun();
    const { out } = ghpo("runs", run);
    assert.match(out, /^run +algorithm +status +step/);
    assert.match(out, /demo +ghpo +stopped +20\/30 +40s +48\.0 %/);
    const [row] = JSON.parse(ghpo("runs", run, "--json").out);
    assert.deepEqual([row.status, row.step, row.max_steps], ["stopped", 20, 30]);
  });

  it("says what to do first where nothing was ever run", () => {
    const { code, out } = ghpoIn(temporary(), ["runs"]);
    assert.deepEqual([code, out], [0, "No runs yet. Next: npm run demo\n"]);
  });

  it("says when a folder is not there", () => {
    const { code, err } = ghpo("runs", "no/such/folder");
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot find runs in no\/such\/folder as there is no such folder\n$/);
  });
});

describe("ghpo show", () => {
  it("names a width that is none", () => {
    assert.match(
      ghpo("show", aRun(), "--width", "wide").err,
      /^error: Cannot read the flags as --width must/,
    );
  });

  it("prints a summary with plots, or the last values as JSON", () => {
    const run = aRun();
    const { out } = ghpo("show", run, "--width", "60");
    assert.match(out, /status +stopped, step 20 of 30, 40s/);
    assert.match(out, /\nun-hinted accuracy\n.*│.*█/);
    const { last } = JSON.parse(ghpo("show", run, "--json").out);
    assert.equal(last.entropy, new RunDirectory(run).readMetrics().at(-1)!["entropy"]);
  });
});

describe("plot()", () => {
  it("draws the lowest value as one eighth, the highest as a full column, and gaps as nothing", () => {
    assert.equal(
      plot([1, 2, 3, 4], [0, 1, null, 0.5], 2),
      ["1 │ █ ▁", "0 │▁█ █", "  └────", "   1  4"].join("\n"),
    );
  });
});

describe("crc32c()", () => {
  it("gives the check value of the polynomial", () => {
    assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa); // RFC 3720, B.4
  });
});

describe("tensorboardEvents()", () => {
  it("writes frames whose checksums hold and messages that say what was given", () => {
    const file = tensorboardEvents(1000, [{ wall_time: 1001.5, step: 300, values: { "a/b": 0.25 } }]);
    const view = new DataView(file.buffer);
    const messages: Uint8Array[] = [];
    for (let at = 0; at < file.length;) {
      const length = Number(view.getBigUint64(at, true));
      const unmask = (at: number) => {
        const rotated = (view.getUint32(at, true) - 0xa282ead8) >>> 0;
        return ((rotated >>> 17) | (rotated << 15)) >>> 0;
      };
      assert.equal(unmask(at + 8), crc32c(file.subarray(at, at + 8)));
      const data = file.subarray(at + 12, at + 12 + length);
      assert.equal(unmask(at + 12 + length), crc32c(data));
      messages.push(data);
      at += 16 + length;
    }
    assert.equal(messages.length, 2);
    assert.match(new TextDecoder().decode(messages[0]), /brain\.Event:2$/);
    const event = [...messages[1]!];
    assert.deepEqual(event.slice(0, 1), [0x09]); // field 1, 8 bytes
    assert.equal(new DataView(messages[1]!.slice(1, 9).buffer).getFloat64(0, true), 1001.5);
    assert.deepEqual(event.slice(9, 12), [0x10, 0xac, 0x02]); // field 2: 300
    const value = [0x0a, 3, 0x61, 0x2f, 0x62, 0x15, 0, 0, 0x80, 0x3e]; // tag "a/b", 0.25
    assert.deepEqual(event.slice(12), [0x2a, value.length + 2, 0x0a, value.length, ...value]);
  });
});

describe("ghpo export", () => {
  it("writes an event file or CSV beside the run", () => {
    const run = aRun();
    const done = JSON.parse(ghpo("export", run, "--json").out);
    assert.equal(done.records, 20);
    assert.match(done.file, /export\/events\.out\.tfevents\.\d+\.ghpo$/);
    ghpo("export", run, "--format", "csv");
    const lines = readFileSync(join(run, "export", "metrics.csv"), "utf8").split("\r\n");
    assert.equal(lines.length, 22);
    assert.match(lines[0]!, /^step,time,reward,/);
    assert.match(ghpo("export", run, "--format", "xml").err, /Cannot export as xml: the format must be/);
  });

  it("leaves a cell of CSV empty where there is no value", () => {
    assert.equal(
      csv([{ step: 1, time: 2, a: null }, { step: 2, time: 3, b: 1 }]),
      "step,time,a,b\r\n1,2,,\r\n2,3,,1\r\n",
    );
  });

  it(
    "writes the file that --out names, and leaves no folder behind what it refuses",
    { timeout: 60_000 },
    () => {
      const folder = temporary();
      const model = join(folder, "model");
      writeByteModel(model);
      const gguf = (out: string) => ghpo("export", model, "--format", "gguf", "--out", join(folder, out));
      assert.equal(gguf("new/a.gguf").code, 0);
      assert.equal(readFileSync(join(folder, "new/a.gguf")).subarray(0, 4).toString(), "GGUF");
      mkdirSync(join(folder, "b.gguf"));
      gguf("b.gguf");
      assert.deepEqual(readdirSync(join(folder, "b.gguf")), ["model-f16.gguf"]);
      assert.equal(ghpo("export", aRun(), "--format", "csv", "--out", join(folder, "c.csv")).code, 0);
      assert.match(readFileSync(join(folder, "c.csv"), "utf8"), /^step,/);
      rmSync(join(model, "model.safetensors"));
      assert.equal(gguf("x/y").code, 1);
      assert.equal(gguf("new/z").code, 1);
      assert.deepEqual([readdirSync(folder).sort(), readdirSync(join(folder, "new"))], [
        ["b.gguf", "c.csv", "model", "new"],
        ["a.gguf"],
      ]);
    },
  );
});

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

describe("ghpo bundle", () => {
  it("packs recipe, versions and metrics, but no data and no places", () => {
    const run = aRun();
    const out = join(temporary(), "bundle.json");
    assert.equal(ghpo("bundle", run, "--out", out, "--no-doctor").code, 0);
    const text = readFileSync(out, "utf8");
    const bundle = JSON.parse(text);
    assert.deepEqual([bundle.metrics.length, bundle.run.step, bundle.versions.bun], [20, 20, Bun.version]);
    for (const secret of [homedir(), hostname(), "####", 'completions":']) {
      assert.ok(!text.includes(secret), secret);
    }
    const inRun = JSON.parse(ghpo("bundle", run, "--no-doctor", "--json").out);
    assert.equal(inRun.file, join(run, "bundle.json"));
    const said = ghpo("bundle", run, "--no-doctor").out;
    assert.ok(
      said.startsWith(`${join(run, "bundle.json")}: recipe, versions`),
      "no way back to the root in it",
    );
  });

  it("takes a name for the machine's or the home folder's only where it stands alone", () => {
    const text = JSON.stringify(["llvmpipe", "http://vm:80", "/x/root/usr", "file:///root/a", "C:\\Me\\b"]);
    assert.deepEqual(
      JSON.parse(withoutPlaces(text, [["/root", "~"], ["C:\\Me", "HOME"], ["vm", "HOST"]])),
      ["llvmpipe", "http://HOST:80", "/x/root/usr", "file://~/a", "HOME\\b"],
    );
  });

  it("leaves out secrets that came into the recipe, and the tokens of a dump", () => {
    const run = aRun();
    const path = join(run, "recipe.toml");
    const planted = ["planted-password", "hf_PlantedPlantedPlanted", "planted in the environment"];
    const [password, token, value] = planted;
    const recipe = readFileSync(path, "utf8").replace(
      /^model = .*$/m,
      `model = "https://me:${password}@host/m"`,
    )
      .replace("functions = [", `functions = ["./${token}.ts", "./${value}.ts", `)
      .replace(/^weights = .*$/m, "");
    writeFileSync(path, recipe);
    mkdirSync(join(run, "dumps"));
    const dump = {
      step: 3,
      message: "the loss must be finite",
      batch: [{ ids: [77_123_456], logprobs: ["NaN"] }],
    };
    writeFileSync(join(run, "dumps", "step_000003.json"), JSON.stringify(dump));
    const out = join(temporary(), "bundle.json");
    const { code, err } = ghpoWith({ MY_API_KEY: value! }, "bundle", run, "--out", out, "--no-doctor");
    assert.equal(code, 0, err);
    const text = readFileSync(out, "utf8");
    assert.equal(text.match(/SECRET/g)?.length, 4); // the model stands in the summary and in the recipe
    for (const secret of [...planted, "77123456"]) assert.ok(!text.includes(secret), secret);
    assert.match(text, /the loss must be finite/);
  });
});

describe("ghpo profile", () => {
  it(
    "keeps the times of a run's newest checkpoint where the dashboard looks for them",
    { timeout: 60_000 },
    () => {
      const run = aRun();
      assert.match(ghpo("profile").err, /exactly one of --model and --run must be given/);
      assert.match(ghpo("profile", "--run", run).err, /Cannot profile .*demo as it has no checkpoint yet/);
      const checkpoint = join(run, "checkpoints", "step_000020");
      cpSync(join(ROOT, "trainer/recipes/tiny-base"), checkpoint, { recursive: true });
      writeFileSync(join(checkpoint, "manifest.json"), "{}");
      const { code, out, err } = ghpo(
        "profile",
        "--run",
        run,
        "--prompts",
        "1",
        "--samples",
        "2",
        "--max-tokens",
        "2",
      );
      assert.equal(code, 0, err);
      assert.match(out, /^kernel +calls +ms +share/);
      const { adapter, kernels } = JSON.parse(readFileSync(join(run, "profile.json"), "utf8"));
      assert.ok(adapter !== "" && kernels.length > 10 && kernels[0].milliseconds > 0);
    },
  );
});

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

describe("ghpo", () => {
  it("names the nearest command", () => {
    assert.match(ghpo("dashbord").err, /Did you mean dashboard\?/);
  });
});

describe("ghpo dashboard", () => {
  /** Starts a dashboard and gives its address once it listens. */
  async function start(run: string, ...more: string[]) {
    const command = [process.execPath, "trainer/main.ts", "dashboard", run, "--json", ...more];
    const child = Bun.spawn(command, { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
    const { value } = await child.stdout.getReader().read();
    return { child, said: JSON.parse(new TextDecoder().decode(value)) as { url: string; runs: number } };
  }

  it("serves the runs of a folder and ends by Ctrl-C", { timeout: 30_000 }, async () => {
    const { child, said } = await start(aRun(), "--port", "0");
    assert.equal(said.runs, 1);
    assert.match(await (await fetch(said.url)).text(), /<title>GHPO dashboard<\/title>/);
    const { port } = new URL(said.url);
    const second = ghpo("dashboard", aRun(), "--port", port);
    assert.match(
      second.err,
      /Cannot listen on port \d+ of 127\.0\.0\.1 as another program does: give another port, or 0/,
    );
    child.kill("SIGINT");
    assert.equal(await child.exited, 0);
  });

  it("names a wrong flag or folder in one sentence", () => {
    assert.match(
      ghpo("dashboard", "--port", "99999").err,
      /^error: Cannot read the flags as --port must be <= 65535/,
    );
    assert.match(
      ghpo("dashboard", "no/such").err,
      /^error: Cannot find runs in no\/such as there is no such folder/,
    );
    assert.match(
      ghpo("dashboard", "package.json").err,
      /^error: Cannot find runs in package\.json as it is a file: give a run's folder, or one of runs\n$/,
    );
  });
});
