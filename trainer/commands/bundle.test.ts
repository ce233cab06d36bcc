import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { temporaryFolders } from "#shared/io/testing.ts";
import { aRun, ghpo, ghpoWith } from "./testing.ts";
import { withoutPlaces } from "./bundle.ts";

const temporary = temporaryFolders();

describe("ghpo bundle", () => {
  it("packs recipe, versions and metrics, but no data and no places", () => {
    const run = aRun(temporary());
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
    const run = aRun(temporary());
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
