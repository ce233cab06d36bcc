// Writes the demonstration page as one file that needs no network:
//   bun shared/verify/testing/tools/demo.ts [FILE]        (default runs/verify.html)

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The page with the verifier inside it; `bun` is the program that bundles. */
export function demoPage(bun: string): string {
  const folder = mkdtempSync(join(tmpdir(), "verify-demo-"));
  try {
    const module = fileURLToPath(import.meta.resolve("../../mod.ts"));
    const entry = join(folder, "entry.ts");
    writeFileSync(
      entry,
      `import * as verifier from ${JSON.stringify(module)};\nglobalThis.ghpoVerify = verifier;\n`,
    );
    const run = spawnSync(bun, ["build", entry, "--target=browser", "--format=iife", "--minify"], {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
    if (run.status !== 0) throw new Error(`Cannot bundle the verifier: ${run.error?.message ?? run.stderr}`);
    const page = readFileSync(fileURLToPath(import.meta.resolve("../../demo/page.html")), "utf8");
    const program = run.stdout.replaceAll("</script", "<\\/script");
    return page.replace("/* program */", () => program);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const file = process.argv[2] ?? "runs/verify.html";
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, demoPage(process.execPath));
  console.log(`Wrote ${file}: open it in a browser`);
}
