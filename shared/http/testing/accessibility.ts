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

/**
 * The serious and critical findings in a page, each as one line.
 * @param prepare expression that the page evaluates first, such as one that opens what is folded
 */
export async function seriousFindings(page: Browser, url: string, prepare = "null"): Promise<string[]> {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const found: string[] = [];
  for (const [width, height] of SIZES) {
    for (const theme of THEMES) {
      await page.display(width, height, theme);
      await page.open("about:blank"); // an address that differs in its hash alone would not be loaded again
      await page.open(url);
      const seen = await page.evaluate<[number, boolean]>(
        `[innerWidth, matchMedia("(prefers-color-scheme: ${theme})").matches]`,
      );
      if (seen[0] !== width || !seen[1]) {
        throw new Error(`The browser shows ${seen[0]} pixels instead of ${width}, or not the ${theme} theme`);
      }
      await page.evaluate(prepare);
      await page.evaluate(`${axe};null`);
      const { violations, passes } = await page.evaluate<{ violations: Violation[]; passes: number }>(
        `axe.run().then(({ violations, passes }) => ({ violations, passes: passes.length }))`,
      );
      if (passes === 0) throw new Error(`axe has looked at nothing in ${url}`);
      for (const { id, impact, help, nodes } of violations) {
        if (impact !== "serious" && impact !== "critical") continue;
        const [first] = nodes;
        const where = `${nodes.length} elements, such as ${first!.html.slice(0, 200)}`;
        found.push(`${width} px, ${theme}: ${impact} ${id} (${help}): ${where}: ${first!.failureSummary}`);
      }
    }
  }
  return found;
}
