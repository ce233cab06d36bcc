// The report page in a real browser: it draws itself, renders LaTeX, filters, loads nothing, and runs nothing
// that a model wrote.

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { runWith } from "../testing/reported_run.ts";
import { comparisonPage, reportPage } from "./report.ts";

const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) =>
  existsSync(path)
);
const skip = browser ? false : "no Chromium is installed";
const folder = Deno.makeTempDirSync();
after(() => Deno.removeSync(folder, { recursive: true }));

/** The page's DOM after its scripts and `more` have run. */
async function render(page: string, more = ""): Promise<string> {
  const path = `${folder}/page.html`;
  Deno.writeTextFileSync(path, page.replace("</body>", `<script>${more}</script></body>`));
  const args = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    `--user-data-dir=${folder}/profile`,
    "--dump-dom",
  ];
  const command = new Deno.Command(browser!, { args: [...args, `file://${path}`], stderr: "null" });
  return new TextDecoder().decode((await command.output()).stdout);
}

/** Like assert.match, without printing a whole page. */
function matches(page: string, pattern: RegExp): void {
  assert.ok(pattern.test(page), `the page does not match ${pattern}`);
}

it("says on the report page that the tokenizer lacks characters of the prompts", async () => {
  const run = await runWith(6);
  assert.ok(!reportPage(run).includes("the tokenizer does not know"));
  const [benchmark] = run.result.benchmarks;
  Object.assign(benchmark!, { unknown_prompts: 3, unknown_word: "<Où>" });
  const said =
    "the tokenizer does not know all characters of 3 of 10 chain prompts, as in &quot;&lt;Où>&quot;";
  matches(reportPage(run), new RegExp(`<p class="warning">Warning: ${said}`));
  matches(comparisonPage(await runWith(6), run), new RegExp('<p class="warning">Run B: the tokenizer does'));
});

describe("report page", { skip }, () => {
  it("draws the table and every problem", async () => {
    const dom = await render(reportPage(await runWith(6)));
    matches(dom, /<td>60\.0 \[26\.2, 87\.8\]<\/td>/);
    matches(dom, /10 of 10 problems/);
    assert.equal(dom.match(/<details class="problem">/g)?.length, 10);
  });

  it("renders LaTeX and marks the answer when a problem is opened", async () => {
    const open = "document.querySelector('details').open = true";
    const opened = await render(reportPage(await runWith(6)), open);
    matches(opened, /<mfrac><mi>x<\/mi><mn>2<\/mn><\/mfrac>/);
    matches(opened, /<mark title="extracted answer"><span><span class="katex"><math/); // the box is a formula
  });

  it("filters", async () => {
    const choose =
      "const c = document.getElementById('show'); c.value = 'wrong'; c.dispatchEvent(new Event('input'))";
    matches(await render(reportPage(await runWith(6)), choose), /4 of 10 problems/);
  });

  it("runs nothing that a model wrote and refers to no other address", async () => {
    const page = reportPage(await runWith(0));
    const open = "document.querySelectorAll('details').forEach((d) => d.open = true);";
    const count = "const show = () => document.title = `${document.images.length} images`;" +
      "addEventListener('toggle', () => queueMicrotask(show), true);";
    const dom = await render(page, count + open);
    matches(dom, /&lt;\/script&gt;&lt;script&gt;document.title='owned'/);
    matches(dom, /<title>0 images<\/title>/);
    assert.ok(!/(src|href)="?(https?:)?\/\//.test(page));
  });

  it("compares two runs problem by problem", async () => {
    const choose =
      "const c = document.getElementById('show'); c.value = 'won'; c.dispatchEvent(new Event('input'))";
    const dom = await render(comparisonPage(await runWith(4), await runWith(8)), choose);
    matches(dom, /\+40\.0 \[/);
    matches(dom, /<td>4 \/ 0<\/td>/);
    matches(dom, /4 of 10 problems/);
  });
});
