import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { seriousFindingsEverywhere } from "../../http/testing/accessibility.ts";
import { Browser } from "../../http/testing/browser.ts";
import { demoPage } from "./tools/demo.ts";

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path)
);
const isBun = /\bbun(?:\.exe)?$/.test(process.execPath);
const skip = !isBun ? "Bun bundles the page" : browser === undefined ? "no Chromium is installed" : false;

describe("the demonstration page", { skip }, () => {
  /** The page after it has run with these inputs. */
  function shown(gold: string, completion: string, preset: string): string {
    const folder = mkdtempSync(join(tmpdir(), "verify-page-"));
    try {
      const file = join(folder, "page.html");
      writeFileSync(file, demoPage(process.execPath));
      const inputs = new URLSearchParams({ gold, completion, preset });
      const run = spawnSync(browser!, [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${join(folder, "profile")}`,
        "--dump-dom",
        `${pathToFileURL(file)}#${inputs}`,
      ], { encoding: "utf8", maxBuffer: 1 << 26 });
      return run.stdout;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it("says right and wrong, and where it found the answer", () => {
    const right = shown("36 \\text{ km/h}", "so \\boxed{10 \\text{ m/s}}", "strict");
    assert.match(right, /<span id="verdict"[^>]*class="equal"[^>]*>equal</);
    assert.match(right, /<mark>10 \\text\{ m\/s\}<\/mark>/);
    assert.match(right, /<dd>in the last box<\/dd>/);
    const wrong = shown("5", "The answer is at least 5.", "strict");
    assert.match(wrong, /class="different"[^>]*>different</);
  });

  it("passes axe in both themes, on a desk and on a phone", { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "verify-page-"));
    await using page = await Browser.start(browser!);
    try {
      const file = join(folder, "page.html");
      writeFileSync(file, demoPage(process.execPath));
      for (const completion of ["\\boxed{5}", "\\boxed{6}"]) {
        const inputs = new URLSearchParams({ gold: "5", completion, preset: "strict" });
        assert.deepEqual(await seriousFindingsEverywhere(page, `${pathToFileURL(file)}#${inputs}`), []);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("treats its inputs as text and loads nothing", () => {
    const attack = '<img src=x onerror="document.title=1">';
    const page = shown("5", `${attack} \\boxed{5}`, "report");
    assert.match(page, /<title>verify<\/title>/);
    assert.doesNotMatch(demoPage(process.execPath), /\b(?:src|href)=|https?:\/\//);
  });
});
