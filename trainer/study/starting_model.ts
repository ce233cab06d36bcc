// The final test of a study's starting model, done once for all arms: `start-MODEL.jsonl` next to the runs' data.

import { join } from "node:path";
import * as v from "valibot";
import { readJsonl, writeJsonl } from "#shared/io/jsonl.ts";
import { parse } from "#shared/schemas/parse.ts";
import { name, sha256 } from "#shared/schemas/values.ts";
import { type Cell, CellSchema } from "./run_data.ts";
import { FinalTestSchema } from "./schema.ts";

const FactsSchema = v.strictObject({
  kind: v.literal("start"),
  model: name,
  model_sha256: sha256,
  test: FinalTestSchema,
});
export type StartFacts = Omit<v.InferOutput<typeof FactsSchema>, "kind">;

export function startPath(dataFolder: string, model: string): string {
  return join(dataFolder, `start-${model.replaceAll(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "")}.jsonl`);
}

export function writeStart(path: string, { cells, ...facts }: StartFacts & { cells: readonly Cell[] }): void {
  writeJsonl(path, [{ kind: "start", ...facts }, ...cells]);
}

export function readStart(path: string): StartFacts & { cells: Cell[] } {
  const [first, ...rest] = [...readJsonl(path)];
  const { kind: _, ...facts } = parse(FactsSchema, first?.value, path);
  return { ...facts, cells: rest.map(({ value, line }) => parse(CellSchema, value, `${path}:${line}`)) };
}

/** Throws when the stored test was of another model or with other problems. */
export function checkStart(path: string, wanted: StartFacts): void {
  const { cells: _, ...stored } = readStart(path);
  for (const key of ["model", "model_sha256", "test"] as const) {
    if (JSON.stringify(stored[key]) === JSON.stringify(wanted[key])) continue;
    throw new Error(
      `Cannot use ${path} as its ${key} is ${JSON.stringify(stored[key])} and the study's is ` +
        `${JSON.stringify(wanted[key])}: remove the study's data folder to run it again`,
    );
  }
}
