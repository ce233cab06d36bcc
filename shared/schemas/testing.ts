// What tests of recipes share: the least that a recipe holds, and the sentence that refuses a value.

import assert from "node:assert/strict";
import type * as v from "valibot";
import { parse } from "./parse.ts";

export const leastRecipe = { model: "m", output_dir: "o", data: { families: ["chain"] } };

/** What `parse` says of a value that it refuses. */
export function sentence(schema: v.GenericSchema, value: unknown): string {
  try {
    parse(schema, value, "recipe r.toml");
  } catch (error) {
    assert.ok(error instanceof TypeError);
    return error.message;
  }
  assert.fail("parse() accepted the value");
}
