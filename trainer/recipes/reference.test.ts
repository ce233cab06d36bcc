// README.md and the JSON Schemas are what the valibot schemas say.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { readText } from "#shared/io/files.ts";
import { referenceFiles } from "./tools/reference.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

describe("the reference of recipes", () => {
  const files = referenceFiles();
  for (const [name, text] of Object.entries(files)) {
    it(`${name} is up to date: bun trainer/recipes/tools/reference.ts`, () => {
      assert.equal(readText(join(FOLDER, name)), text);
    });
  }

  it("names every setting, and says of most what it does", () => {
    const schema = JSON.parse(files["train.schema.json"]!);
    let settings = 0;
    let described = 0;
    for (const [table, { properties = {} }] of Object.entries<{ properties?: object }>(schema.properties)) {
      for (const [key, setting] of Object.entries<{ description?: string }>({ ...properties })) {
        settings++;
        if (setting.description !== undefined) described++;
        assert.match(files["README.md"]!, new RegExp(`^\\| \`${key}\` \\|`, "m"), `${table}.${key}`);
      }
    }
    assert.ok(settings > 80 && described > 0.6 * settings, `${described} of ${settings}`);
  });

  it("is named by every recipe that ships, for editors", () => {
    for (const name of readdirSync(FOLDER).filter((each) => each.endsWith(".toml"))) {
      const text = readText(join(FOLDER, name));
      const kind = "sft" in parse(text) ? "sft" : "train";
      assert.equal(text.split("\n")[0], `#:schema ${kind}.schema.json`, name);
    }
  });
});
