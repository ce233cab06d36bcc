// Paths as people read them.

import { relative, resolve } from "node:path";

/** From here where the path is below this folder, else absolute. */
export function shownPath(path: string): string {
  const short = relative(".", path);
  return short.startsWith("..") ? resolve(path) : short || ".";
}
