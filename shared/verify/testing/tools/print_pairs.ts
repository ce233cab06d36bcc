// Prints generated pairs as JSON lines: bun shared/verify/testing/tools/print_pairs.ts COUNT SEED

import process from "node:process";
import { pairs } from "../generate/pairs.ts";

const [count = "1000", seed = "1"] = process.argv.slice(2);
for (const pair of pairs(Number(count), Number(seed))) console.log(JSON.stringify(pair));
