// What axe-core finds in a page, in both themes, on a desk and on a phone.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser } from "./browser.ts";

const SIZES = [[1280, 900], [390, 844]] as const;
const THEMES = ["light", "dark"] as const;

interface Violation {
  id: string;
  impact: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** The serious and critical findings in what a page shows now, each as one line. */
export async function seriousFindings(page: Browser): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(`${axe};null`);
  const { violations, passes } = await page.evaluate<{ violations: Violation[]; passes: number }>(
    `axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
  );
  if (passes === 0) throw new Error("axe has looked at nothing");
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(
    ({ id, impact, help, nodes }) => {
      const [{ html, failureSummary }] = nodes as [Violation["nodes"][number]];
      const where = `${nodes.length} elements, such as ${html.slice(0, 200)}`;
      return `${impact} ${id} (${help}): ${where}: ${failureSummary}`;
    },
  );
}

/**
 * Those in a page that is opened in every size and theme.
 * @param prepare expression that the page evaluates first, such as one that opens what is folded
 */
export async function seriousFindingsEverywhere(
  page: Browser,
  url: string,
  prepare = "null",
): Promise<string[]> {
  const found: string[] = [];
  for (const [width, height] of SIZES) {
    for (const theme of THEMES) {
      await page.display(width, height, theme);
      await page.open("about:blank"); // an address that differs in its hash alone would not be loaded again
      await page.open(url);
      const shown = `(width: ${width}px) and (prefers-color-scheme: ${theme})`;
      if (!await page.evaluate<boolean>(`matchMedia("${shown}").matches`)) {
        throw new Error(`The page is not shown at ${shown}`);
      }
      await page.evaluate(prepare);
      found.push(...(await seriousFindings(page)).map((each) => `${width} px, ${theme}: ${each}`));
    }
  }
  return found;
}
