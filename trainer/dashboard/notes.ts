// A person's note on a run and its tags, kept in the run's directory.

import { existsSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { readJson } from "#shared/io/files.ts";

export const NotesSchema = v.strictObject({
  note: v.pipe(v.string(), v.maxLength(2000)),
  tags: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[^\s,]{1,40}$/, "must be a word"))), v.maxLength(20)),
});
export type Notes = v.InferOutput<typeof NotesSchema>;

/** What was noted; a file that is not ours is no reason to hide a run. */
export function readNotes(run: string): Notes {
  const path = join(run, "notes.json");
  const found = existsSync(path) ? v.safeParse(NotesSchema, readJson(path)) : null;
  return found?.success ? found.output : { note: "", tags: [] };
}

export function writeNotes(run: string, notes: Notes): void {
  writeFileAtomic(join(run, "notes.json"), `${JSON.stringify(notes)}\n`);
}
