// Encoding and decoding a corpus.
// Arguments: a folder with tokenizer.json and tokenizer_config.json, a text file, and how many of its lines.

import { readFileSync } from "node:fs";
import process from "node:process";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import { report } from "../program.ts";

const [folder = "", corpus = "", count = "1000"] = process.argv.slice(2);
const tokenizer = loadTokenizer(folder);
const lines = readFileSync(corpus, "utf8").split("\n").slice(0, Number(count));

await report("tokens", () => {
  let work = 0;
  const sums: number[] = [];
  for (const line of lines) {
    const ids = tokenizer.encode(line);
    work += ids.length;
    sums.push(ids.reduce((sum, id) => (sum * 31 + id) >>> 0, tokenizer.decode(ids).length));
  }
  return { work, result: sums.join() };
});
