// The verifier of the build in a folder, for benches/builds.ts: a turn is 5,000 pairs. Argument: folder.

import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { takeTurns } from "./turns.ts";
import { typicalPairs } from "./verify_pairs.ts";

const folder = join(process.argv[2]!, "shared/verify");
const entry = ["mod.ts", "index.ts"].find((name) => existsSync(join(folder, name)))!;
const { verify } = await import(join(folder, entry));
const pairs = typicalPairs(5000);
const right = () => pairs.filter(({ gold, completion }) => verify(gold, completion, "strict").verdict).length;
const first = right();
await takeTurns({ right: first }, () => Promise.resolve(void right()));
