// bun trainer/library/tools/api.ts > trainer/library/api.txt
// The declarations that a program which imports ghpo sees, as tsc writes them: what the snapshot test compares.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FILES = [
  "mod",
  ...["train", "generate", "open_model", "custom_parts", "recipes"].map((name) => `library/${name}`),
  "ghpo/strategies/types",
  "loop/rewards",
];

export function declarations(): string {
  const out = mkdtempSync(join(tmpdir(), "ghpo-api-"));
  try {
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const options = [
      "--noEmit",
      "false",
      "--declaration",
      "--emitDeclarationOnly",
      "--outDir",
      out,
      "--rootDir",
      ROOT,
    ];
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, tsc, "-p", ROOT, ...options], {
      cwd: ROOT,
    });
    if (exitCode !== 0) throw new Error(`Cannot write declarations: ${stdout}`);
    return FILES.map((file) => `// ${file}\n${readFileSync(join(out, "trainer", `${file}.d.ts`), "utf8")}`)
      .join("\n");
  } finally {
    rmSync(out, { recursive: true });
  }
}

if (import.meta.main) process.stdout.write(declarations());
