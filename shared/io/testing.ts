// Folders for tests, which are removed when a test ends.

import { afterEach } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes an empty folder at each call; all are removed after each test of the file. Call it at a test file's top level. */
export function temporaryFolders(): () => string {
  const folders: string[] = [];
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));
  return () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-test-"));
    folders.push(folder);
    return folder;
  };
}
