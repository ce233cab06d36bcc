// Files of the commands: nothing is ever half-written.

/** Writes a file so that other processes see the old content or the new, never part of it. */
export function writeAtomic(path: string, text: string): void {
  const temporary = `${path}.${Deno.pid}.tmp`;
  try {
    Deno.writeTextFileSync(temporary, text);
    Deno.renameSync(temporary, path);
  } catch (cause) {
    try {
      Deno.removeSync(temporary);
    } catch { /* it was never created */ }
    throw new Error(`Cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Reads a text file, or says which one is missing. */
export function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error(`Cannot read ${path} as there is no such file`, { cause });
    }
    throw cause;
  }
}
