// The page as a person uses it, in a headless Chromium: clicks, keys, themes, a phone's width.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeJsonl } from "#shared/io/jsonl.ts";
import type { Alert } from "#shared/schemas/alerts.ts";
import { lockRun } from "../run/lock.ts";
import { serveDashboard, type ServedDashboard } from "./serve.ts";
import { seriousFindings } from "#shared/http/testing/accessibility.ts";
import { Browser, findChromium } from "#shared/http/testing/browser.ts";
import { addStep, writeRun } from "./testing/run.ts";

const chromium = findChromium();
const skip = chromium === null ? "no Chromium is installed" : false;

const ALERT: Alert = {
  step: 6,
  rule: "cut_off",
  value: 0.7,
  threshold: 0.5,
  message: "70 % of the completions were cut off at the token limit",
  advice: "raise generation.max_completion_length",
};

const RANKS = {
  seconds: 200,
  ranks: [
    { host: "node-1", adapter: "RTX 4090", wait: 50, exchange: 4 },
    { host: "node-2", adapter: "RTX 4090", wait: 0, exchange: 4 },
  ],
};

describe("the dashboard's page", { skip }, () => {
  let folder: string;
  let served: ServedDashboard;
  let page: Browser;
  let lock: Disposable;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "ghpo-page-"));
    writeRun(join(folder, "first"), 20);
    writeRun(join(folder, "second"), 12, 40);
    writeJsonl(join(folder, "second", "alerts.jsonl"), [ALERT]);
    writeFileSync(join(folder, "second", "ranks.json"), JSON.stringify(RANKS));
    lock = lockRun(join(folder, "second"));
    served = serve(0);
    page = await Browser.start(chromium!);
    await page.display(1280, 900, "light");
    await page.open(served.url);
    await page.until("document.body.dataset.ready");
  }, { timeout: 60_000 });

  after(async () => {
    await page[Symbol.asyncDispose]();
    await served.stop();
    lock[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  const serve = (port: number) =>
    serveDashboard({ folders: [folder], token: "it's secret", port, hostname: "127.0.0.1" });
  const text = (selector: string) =>
    page.evaluate<string>(`document.querySelector("${selector}").textContent`);
  const view = async (name: string) => {
    await page.click(`#tab-${name}`);
    await page.until(`document.querySelector("#tab-${name}").ariaSelected === "true"`);
  };

  it("takes the token out of the address and shows both runs, the running one in focus", async () => {
    assert.equal(await page.evaluate("location.search"), "");
    assert.equal(await page.evaluate("document.querySelectorAll('#runs li').length"), 2);
    assert.match(await text("#runs .focused"), /second.*running · step 12\/40/);
    await page.until("document.querySelectorAll('.charts canvas').length > 10");
  });

  it("marks an alert in the charts and tells what to try in the run's view", async () => {
    await page.until("/Alert cut_off at step 6/.test(document.querySelector('figure').ariaLabel)");
    // The foot of the mark, in the colour of what is wrong (#b92c23), where step 6 stands.
    const marked = `(() => {
      const over = document.querySelector("figure .u-over");
      const canvas = document.querySelector("figure canvas");
      const box = over.getBoundingClientRect(), whole = canvas.getBoundingClientRect();
      const ratio = canvas.width / whole.width;
      const at = canvas.getContext("2d").getImageData(
        (box.x - whole.x) * ratio, (box.bottom - whole.y) * ratio - 4, box.width * ratio, 1).data;
      const red = [];
      for (let i = 0; i < at.length; i += 4) if (at[i] > 150 && at[i + 1] < 80 && at[i + 2] < 80) red.push(i / 4);
      return red.map((x) => x / (box.width * ratio));
    })()`;
    const places = await page.evaluate<number[]>(marked);
    assert.ok(places.length > 2);
    for (const place of places) assert.ok(Math.abs(place - 5 / 19) < 0.03, `${place}`); // of steps 1 to 20
    await view("run");
    await page.until("document.querySelector('#alerts td')");
    assert.match(await text("#alerts"), /6cut_off70 % of the completions.*raise generation/);
    assert.match(await text("#ranks tbody"), /^0node-1RTX 409025 %2 %1node-2RTX 40900 %2 %$/);
    await view("charts");
    await page.until("document.querySelectorAll('.charts canvas').length > 10");
  });

  it("zooms all charts at once by dragging, and back by a key", async () => {
    await page.drag("figure .u-over", 0.25, 0.75);
    const from = "Number(document.querySelectorAll('.controls input[type=number]')[0].value)";
    await page.until(`${from} > 0`);
    const first = "Number(/Steps (\\d+)/.exec(f.ariaLabel)[1])";
    await page.until(`[...document.querySelectorAll("figure")].every((f) => ${first} >= ${from})`);
    await page.evaluate("document.querySelector('figure').focus()");
    await page.press("0");
    await page.until(`${from} === 0`);
  });

  it("smooths, takes logarithms and hides a run", async () => {
    await page.evaluate(
      "(() => { const s = document.querySelector('#smoothing'); s.value = 0.9; s.dispatchEvent(new Event('input')); })()",
    );
    await page.click("#log");
    const legend = "document.querySelectorAll('figure')[0].querySelector('.legend')";
    const rows = `${legend}.querySelectorAll('tbody tr').length`; // two runs: a table, one: a list
    assert.equal(await page.evaluate(rows), 2);
    await page.click("#runs input");
    await page.until(`${legend}.querySelectorAll('li').length === 3`);
    await page.click("#runs input");
    await page.click("#log");
    await page.until(`${rows} === 2`);
  });

  it("shows the numbers of a chart as a table", async () => {
    await page.click("figure details summary");
    await page.until("document.querySelector('figure details table td')");
    assert.match(await text("figure details table"), /^step/);
  });

  it("draws a new step without being asked, and leaves the keyboard where it is", async () => {
    await page.evaluate("document.querySelector('#runs .focused .name').focus()");
    addStep(join(folder, "second"), 13);
    await page.until("/step 13/.test(document.querySelector('#runs .focused').textContent)");
    assert.equal(await page.evaluate("document.activeElement.className"), "name");
  });

  it("browses rollouts: filters, opens a group, marks hint and answer, renders LaTeX, runs no HTML", async () => {
    await view("rollouts");
    await page.until("document.querySelector('#groups details')");
    await page.evaluate(`(() => {
      const s = [...document.querySelectorAll("select")].find((s) => s.parentNode.textContent.startsWith("outcome"));
      s.value = "rescued";
      s.dispatchEvent(new Event("change"));
    })()`);
    await page.until("/^6 groups/.test(document.querySelector('.count').textContent)");
    await page.click("#groups summary");
    await page.until("document.querySelector('#groups .completion')");
    const marks = await page.evaluate<string[]>(
      "[...document.querySelectorAll('#groups mark')].map((m) => m.title)",
    );
    assert.deepEqual(marks.slice(0, 3), ["hint", "shown as a hint", "extracted answer"]);
    await page.until("document.querySelector('#groups math')");
    assert.match(
      await text("#groups .completion .caption"),
      /right, completion 1 · answer .* · advantage \+1\.15/,
    );
    assert.match(await text("#groups"), /<img src=x/);
    assert.equal(await page.evaluate("document.title"), "GHPO dashboard");
  });

  it("offers the steps that came after the list was made", async () => {
    assert.equal(await page.evaluate("document.querySelector('.news').hidden"), true);
    addStep(join(folder, "second"), 14);
    await page.until("!document.querySelector('.news').hidden");
    assert.equal(await text(".news"), "show step 14");
    await page.click(".news");
    await page.until("/steps 8–14/.test(document.querySelector('.count').textContent)");
    assert.equal(await page.evaluate("document.querySelector('.news').hidden"), true);
  });

  it("shows each problem's guidance over its visits, and its groups", async () => {
    await view("problems");
    await page.until("document.querySelector('#problems details')");
    assert.equal(
      await page.evaluate("document.querySelectorAll('#problems .history')[0].childElementCount"),
      8,
    );
    await page.click("#problems summary");
    await page.until("document.querySelectorAll('#problems details details').length === 7");
    assert.match(await text("#problems .visits"), /step 8: stage 3, un-hinted 0 %, at last 33 %/);
  });

  it("steers by clicks", async () => {
    await view("run");
    await page.until("document.querySelector('#steering [data-action=pause]')");
    await page.click("#steering [data-action=pause]");
    await page.until("/Asked: pause/.test(document.querySelector('#message').textContent)");
    await page.evaluate("document.querySelector('#steering form input').value = '0.001'");
    await page.click("#steering form button");
    await page.until("/learning rate 0.001/.test(document.querySelector('#message').textContent)");
    assert.equal(
      readFileSync(join(folder, "second", "steering.jsonl"), "utf8"),
      '{"action":"pause"}\n{"action":"set","learning_rate":0.001}\n',
    );
    writeFileSync(
      join(folder, "second", "events.jsonl"),
      '{"action":"pause","step":14,"request":1,"at":1}\n',
    );
    await page.until("document.querySelector('#steering [data-action=resume]')");
    assert.match(await text("#main .visits"), /after step 14: pause/);
  });

  it("catches up with what happened while the dashboard was away", { timeout: 30_000 }, async () => {
    await view("charts");
    const { port } = new URL(served.url);
    await served.stop();
    await page.until("document.querySelector('#live').textContent === 'not connected'");
    addStep(join(folder, "second"), 15);
    served = serve(Number(port));
    const own =
      "[...document.querySelectorAll('figure')].find((f) => f.ariaLabel.startsWith('Guidance levels'))";
    await page.until(`/Steps 1 to 15\\./.test(${own}.ariaLabel)`);
    await view("run");
  });

  it("moves between the views by arrow keys", async () => {
    await page.evaluate("document.querySelector('#tab-run').focus()");
    await page.press("ArrowRight");
    await page.until("document.activeElement.id === 'tab-runs' && document.querySelector('#runs-table')");
    await page.press("ArrowRight");
    await page.until("document.activeElement.id === 'tab-charts' && document.querySelector('figure')");
  });

  for (const theme of ["light", "dark"] as const) {
    it(`has text of enough contrast and names for all controls, ${theme}, at a phone's width`, async () => {
      await page.display(390, 800, theme);
      for (const name of ["charts", "problems", "rollouts", "run", "runs"]) {
        await view(name);
        await page.until("document.querySelector('main > div').childElementCount > 1");
        const faults = await page.evaluate<string[]>(`(${audit})()`);
        assert.deepEqual([...faults, ...await seriousFindings(page)], [], name);
      }
    });
  }

  it("wrote no error to its console", () => assert.deepEqual(page.errors, []));
});

/** Runs in the page: what a WCAG AA audit of text contrast, names and width would find. */
const audit = String(() => {
  // deno-lint-ignore no-explicit-any -- this function runs in the page, whose types the trainer does not load
  const { document, getComputedStyle } = globalThis as any;
  const faults: string[] = [];
  const luminance = (color: string) => {
    const [r, g, b] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const c = Number(part) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  };
  for (const node of document.querySelectorAll("body *")) {
    const box = node.getBoundingClientRect();
    if (box.width === 0 || node.closest("noscript, .skip, .u-wrap, #message")) continue;
    const words = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
    if (words) {
      let behind = node;
      while (behind && /rgba\(0, 0, 0, 0\)|transparent/.test(getComputedStyle(behind).backgroundColor)) {
        behind = behind.parentElement;
      }
      const [a, b] = [
        getComputedStyle(node).color,
        getComputedStyle(behind ?? document.body).backgroundColor,
      ];
      const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
      const ratio = (light! + 0.05) / (dark! + 0.05);
      if (ratio < 4.5 && !node.disabled) {
        faults.push(`contrast ${ratio.toFixed(2)}: ${node.outerHTML.slice(0, 120)}`);
      }
    }
    const named = node.labels?.length || node.getAttribute("aria-label") || node.textContent.trim();
    if (/^(INPUT|SELECT|BUTTON)$/.test(node.tagName) && !named) {
      faults.push(`no name: ${node.outerHTML.slice(0, 120)}`);
    }
  }
  // Not innerWidth: a phone shows more of a page that is too wide.
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push("the page is wider than the screen");
  return faults;
});
