// The page with thirty runs, as a person uses it in a headless Chromium: finding, comparing, noting, searching, exporting.

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { appendJsonl } from "#shared/io/jsonl.ts";
import { lockRun } from "../run/lock.ts";
import { serveDashboard, type ServedDashboard } from "./serve.ts";
import { Browser, findChromium } from "#shared/http/testing/browser.ts";
import { metricsOf, writeRun } from "./testing/run.ts";

const chromium = findChromium();
const skip = chromium === null ? "no Chromium is installed" : false;
const name = (i: number) => `run-${String(i).padStart(2, "0")}`;

describe("the dashboard's page with thirty runs", { skip }, () => {
  let folder: string;
  let served: ServedDashboard;
  let page: Browser;
  let lock: Disposable;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "ghpo-many-"));
    for (let i = 0; i < 30; i++) {
      const run = join(folder, name(i));
      writeRun(run, 10 + (i % 5), 40);
      const recipe = join(run, "recipe.toml");
      const text = readFileSync(recipe, "utf8").replace(
        /^learning_rate = .*$/m,
        `learning_rate = ${(i % 3) + 1}e-4`,
      );
      writeFileSync(recipe, text);
      utimesSync(join(run, "metrics.jsonl"), 1e9 + i, 1e9 + i); // the later, the newer
    }
    appendJsonl(join(folder, name(4), "metrics.jsonl"), {
      ...metricsOf(15),
      "rewards/brevity/mean": 0.25,
      "my/number": 7,
    });
    utimesSync(join(folder, name(4), "metrics.jsonl"), 1e9 + 4, 1e9 + 4);
    lock = lockRun(join(folder, name(4)));
    served = serveDashboard({ folders: [folder], token: null, port: 0, hostname: "127.0.0.1" });
    mkdirSync(join(folder, "downloads"));
    page = await Browser.start(chromium!);
    await page.saveInto(join(folder, "downloads"));
    await page.display(1280, 900, "light");
    await open("");
  }, { timeout: 60_000 });

  after(async () => {
    await page[Symbol.asyncDispose]();
    await served.stop();
    lock[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  const open = async (hash: string) => {
    await page.open("about:blank");
    await page.open(`${served.url}${hash}`);
    await page.until("document.body.dataset.ready");
  };
  const list = () =>
    page.evaluate<string[]>("[...document.querySelectorAll('#runs .name')].map((n) => n.textContent)");
  const ticked = () =>
    page.evaluate<string[]>(
      "[...document.querySelectorAll('#runs li')].filter((l) => l.querySelector('input').checked)" +
        ".map((l) => l.querySelector('.name').textContent)",
    );
  const hash = () => page.evaluate<string>("decodeURIComponent(location.hash)");
  const type = (selector: string, text: string, event = "input") =>
    page.evaluate(`(() => {
      const node = document.querySelector(${JSON.stringify(selector)});
      node.value = ${JSON.stringify(text)};
      node.dispatchEvent(new Event("${event}", { bubbles: true }));
    })()`);
  const column = (index: number) =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll("#runs-table tbody tr")].map((r) => r.children[${index}].textContent)`,
    );
  const download = async (ending: string) => {
    const end = performance.now() + 20_000;
    for (;;) {
      const found = readdirSync(join(folder, "downloads")).find((file) => file.endsWith(ending));
      if (found) return readFileSync(join(folder, "downloads", found));
      if (performance.now() > end) throw new Error(`Waited in vain for ${ending}`);
      await Bun.sleep(50);
    }
  };

  it("lists the running one first, then the newest, and shows the curves of eight", async () => {
    assert.deepEqual((await list()).slice(0, 4), [name(4), name(29), name(28), name(27)]);
    assert.equal((await ticked()).length, 8);
  });

  it("shows only one, none, or those that a filter leaves, and keeps that in the address", async () => {
    await page.click("#runs li:nth-child(3) .only");
    assert.deepEqual(await ticked(), [name(28)]);
    await page.click("#show-none");
    assert.deepEqual(await ticked(), []);
    await page.until("/No run is ticked/.test(document.querySelector('#charts').textContent)");
    await type("#filter", "run-2");
    assert.equal((await list()).length, 10);
    await page.click("#show-all");
    assert.equal((await ticked()).length, 10);
    const address = await hash();
    assert.match(address, /filter=run-2/);
    await open(address);
    assert.equal((await ticked()).length, 10);
    await open("");
  });

  it("compares the runs by what differs in their recipes, sorted by any column", async () => {
    await page.click("#tab-runs");
    await page.until("document.querySelectorAll('#runs-table tbody tr').length === 30");
    const headings = await page.evaluate<string[]>(
      "[...document.querySelectorAll('#runs-table th')].map((h) => h.textContent)",
    );
    assert.deepEqual(headings.slice(7), ["optimizer.learning_rate", "tags", "note"]);
    await page.click(`[data-key="optimizer.learning_rate"]`);
    await page.click(`[data-key="optimizer.learning_rate"]`);
    const rates = (await column(7)).map(Number);
    assert.deepEqual(rates, rates.toSorted((a, b) => b - a));
    assert.deepEqual([...new Set(rates)], [3e-4, 2e-4, 1e-4]);
    const address = await hash();
    await open(address);
    await page.until("document.querySelectorAll('#runs-table tbody tr').length === 30");
    assert.deepEqual((await column(7)).map(Number), rates);
  });

  it("keeps notes and tags with the run, and finds it by them", async () => {
    const first = (await column(0))[0]!;
    await type("#runs-table tbody .note", "the good one", "change");
    await type("#runs-table tbody input:not(.note)", "paper fig3", "change");
    await page.until("/#paper · #fig3/.test(document.querySelector('#runs').textContent)");
    assert.deepEqual(JSON.parse(readFileSync(join(folder, first, "notes.json"), "utf8")), {
      note: "the good one",
      tags: ["paper", "fig3"],
    });
    await type("#filter", "fig3");
    assert.deepEqual(await list(), [first]);
    await type("#filter", "");
  });

  it("shows the step under the pointer, and a click opens the rollouts of that step", async () => {
    await open(`#charts?focus=${name(4)}&shown=${name(4)}`);
    await page.until("document.querySelectorAll('.charts canvas').length > 10");
    await page.hover("figure .u-over", 0.99, 0.5);
    await page.until("document.querySelector('figure .step').textContent === 'step 15'");
    await page.hover("figure .u-over", 13 / 14 - 0.02, 0.5);
    await page.until("document.querySelector('figure .step').textContent === 'step 14'");
    await page.clickAt("figure .u-over", 13 / 14 - 0.02, 0.5);
    await page.until("document.querySelector('#groups details')");
    assert.match(await hash(), /^#rollouts\?.*step=14/);
    assert.match(await page.evaluate<string>("document.querySelector('.count').textContent"), /^6 groups/);
  });

  it("names problems by their text, finds words in problems and completions, and keeps the open group", async () => {
    const rows = "[...document.querySelectorAll('#groups .start')].map((s) => s.textContent)";
    assert.ok(
      (await page.evaluate<string[]>(rows)).every((text) =>
        /[a-z]+:? .*\d/i.test(text) && !/^\w+:\w+:\d/.test(text)
      ),
    );
    await page.click("#groups summary");
    await page.until("document.querySelector('#groups .completion')");
    assert.match(await hash(), /open=14\/0/);
    assert.match(
      await page.evaluate<string>("document.querySelector('#groups .body').textContent"),
      /hinted part marked/,
    );
    const marked = await page.evaluate<string>(
      "document.querySelector('#groups mark[title=\"shown as a hint\"]').textContent",
    );
    assert.ok(marked.length > 0);
    await open(await hash());
    await page.until("document.querySelector('#groups .completion')");
    const search = (text: string) =>
      page.evaluate(`(() => {
        const node = [...document.querySelectorAll("main input")].find((i) => i.parentNode.textContent === "in completions");
        node.value = ${JSON.stringify(text)};
        node.dispatchEvent(new Event("change"));
      })()`);
    await search("FRAC{1}");
    await page.until("/^6 groups/.test(document.querySelector('.count').textContent)");
    await search("nowhere to be found");
    await page.until("/^0 groups/.test(document.querySelector('.count').textContent)");
    await search("");
  });

  it("exports the rollouts that are listed as JSON Lines and Parquet", async () => {
    await page.until("/^6 groups/.test(document.querySelector('.count').textContent)");
    await page.click("[data-export=jsonl]");
    const lines = (await download(".jsonl")).toString().trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, 18);
    assert.equal(lines[0].step, 14);
    assert.match(lines[0].problem, /\d/);
    assert.deepEqual([lines[0].reward_accuracy, lines[1].reward_accuracy], [1, 0]);
    await page.click("[data-export=parquet]");
    const bytes = await download(".parquet");
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    assert.deepEqual(
      rows.map(({ step, completion }) => [step, completion]),
      lines.map((l) => [l.step, l.completion]),
    );
  });

  it("has a chart for any logged number, custom rewards among them", async () => {
    await open(`#charts?focus=${name(4)}&shown=${name(4)}`);
    await page.until("/brevity/.test(document.querySelector('figure .legend').textContent)");
    await page.click("#more");
    await page.until(
      "[...document.querySelectorAll('#others figcaption')].some((c) => /^my\\/number/.test(c.textContent))",
    );
    const own =
      "[...document.querySelectorAll('#others figure')].find((f) => f.ariaLabel.startsWith('my/number'))";
    await page.evaluate(`${own}.scrollIntoView()`);
    await page.until(`/7 at last/.test(${own}.ariaLabel)`);
    assert.match(await hash(), /more=1/);
  });

  it("saves a chart as SVG and PNG", async () => {
    await page.click("figure .export");
    const svg = (await download(".svg")).toString();
    assert.match(svg, /^<svg [^]*>Reward<[^]*<path [^>]*d="M[\d.]+ [\d.]+L[^]*<\/svg>$/);
    await page.click("figure .export:last-child");
    const png = await download(".png");
    assert.deepEqual([...png.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join(""), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1440, 800]);
  });

  it("keeps smoothing, scale and range in the address, and the back button goes back", async () => {
    await type("#smoothing", "0.5");
    await page.click("#log");
    await page.drag("figure .u-over", 0.25, 0.75);
    await page.until("/from=\\d+&to=\\d+/.test(location.hash)");
    const address = await hash();
    assert.match(address, /smooth=0.5&log=1/);
    await page.click("#tab-run");
    await page.until("document.querySelector('#steering')");
    await page.evaluate("history.back()");
    await page.until("document.querySelector('#smoothing')");
    assert.equal(await hash(), address);
    assert.equal(await page.evaluate("document.querySelector('#log').checked"), true);
  });

  it("shows the current values where it steers", async () => {
    await page.click("#tab-run");
    await page.until("document.querySelector('#steering')");
    const values = () =>
      page.evaluate<string[]>("[...document.querySelectorAll('#steering input')].map((i) => i.value)");
    assert.deepEqual((await values()).map(Number), [2e-4, 1]);
    appendJsonl(join(folder, name(4), "events.jsonl"), {
      action: "set",
      learning_rate: 5e-5,
      step: 15,
      request: 1,
      at: 1,
    });
    await open(await hash());
    await page.until("document.querySelector('#steering')");
    assert.deepEqual((await values()).map(Number), [5e-5, 1]);
  });

  it("lets a drag end, and keeps tables and the keyboard's place, when news make the charts new", async () => {
    const view = `#charts?focus=${name(4)}&shown=${name(4)}`;
    await open(view);
    await page.click("figure summary");
    await page.until("document.querySelector('figure td')");
    const titles = "[...document.querySelectorAll('#charts figcaption')].map((c) => c.textContent)";
    assert.ok(!(await page.evaluate<string[]>(titles)).some((title) => title.startsWith("KL")));
    await page.drag("figure .u-over", 0.25, 0.75, async () => {
      appendJsonl(join(folder, name(4), "metrics.jsonl"), { ...metricsOf(16), kl: 0.1 });
      await page.until("/step 16/.test(document.querySelector('#runs .focused').textContent)");
    });
    await page.until("/from=\\d+&to=\\d+/.test(location.hash)");
    const [from, to] = (await hash()).match(/from=(\d+)&to=(\d+)/)!.slice(1).map(Number);
    assert.ok(from! < 6 && to! > 10, `${from} to ${to}`); // all that was dragged over, not only to where the news came
    await page.until(`${titles}.some((title) => title.startsWith("KL"))`);
    await page.until("document.querySelector('figure td')");
    assert.match(await page.evaluate<string>("document.activeElement.ariaLabel"), /^Reward\./);
  });

  it("wrote no error to its console", () => assert.deepEqual(page.errors, []));
});
