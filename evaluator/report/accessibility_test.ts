// The report's pages and the service's own under axe, in both themes, on a desk and on a phone.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { seriousFindingsEverywhere } from "#shared/http/testing/accessibility.ts";
import { Browser, findChromium } from "#shared/http/testing/browser.ts";
import { docsPage } from "../app/openapi.ts";
import { runWith } from "../testing/reported_run.ts";
import { comparisonPage, reportPage } from "./report.ts";

const chromium = findChromium();
const skip = chromium === null ? "no Chromium is installed" : false;
const OPEN = "document.querySelectorAll('details').forEach((each) => each.open = true)";

describe("pages under axe", { skip }, () => {
  const folder = Deno.makeTempDirSync();
  let browser: Browser | undefined;
  before(async () => void (browser = await Browser.start(chromium!)));
  after(async () => {
    await browser?.[Symbol.asyncDispose](); // undefined where it did not start
    Deno.removeSync(folder, { recursive: true });
  });

  const findings = async (page: string) => {
    const path = `${folder}/page.html`;
    Deno.writeTextFileSync(path, page);
    return await seriousFindingsEverywhere(browser!, pathToFileURL(path).href, OPEN);
  };

  it("axe finds what is wrong where something is", async () => {
    const wrong = '<!doctype html><html lang="en"><title>t</title>' +
      '<meta name="viewport" content="width=device-width"><p style="color:#bbb;background:#fff">grey</p>';
    const found = await findings(wrong);
    assert.equal(found.length, 4);
    for (const each of found) assert.match(each, /serious color-contrast/);
  });

  it("the report of one run", async () => assert.deepEqual(await findings(reportPage(await runWith(6))), []));

  it("the comparison of two", async () => {
    assert.deepEqual(await findings(comparisonPage(await runWith(4), await runWith(8))), []);
  });

  it("the service's description", async () => assert.deepEqual(await findings(docsPage()), []));
});
