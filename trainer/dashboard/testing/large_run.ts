// How fast a long run opens and how smooth it stays.   bun trainer/dashboard/testing/large_run.ts [--steps 100000]
//
// Writes a run with as many metrics as a real one has, then times, in a headless Chromium and each time with a dashboard
// started anew: the command until it prints its address, the page from there until the charts on the screen and until
// all charts are drawn, a zoom until the finer points are there, and the longest frame while a person hovers, smooths
// and scrolls. Prints the median and the worst of each, in ms.

import { parseArgs } from "node:util";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, findChromium } from "#shared/http/testing/browser.ts";
import { metricsOf, writeRun } from "./run.ts";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "100000" }, times: { type: "string", default: "7" } },
});
const steps = Number(values.steps);
const run = join(mkdtempSync(join(tmpdir(), "ghpo-large-")), "run");
const main = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Keys that real runs have and no chart shows: they are read all the same. */
const UNCHARTED = Array.from({ length: 24 }, (_, i) => `completions/not_charted_${i}`);

writeRun(run, 1, steps);
for (let step = 2, lines = ""; step <= steps; step++) {
  const { time, ...curves } = metricsOf(step);
  const noisy = Object.entries(curves).map(([key, value]) =>
    [key, typeof value === "number" && key !== "step" ? value * (1 + Math.random() / 9) : value] as const
  );
  const others = UNCHARTED.map((key) => [key, Math.random()] as const);
  lines += JSON.stringify({ time, ...Object.fromEntries([...noisy, ...others]) }) + "\n";
  if (lines.length < 1 << 22 && step < steps) continue;
  appendFileSync(join(run, "metrics.jsonl"), lines);
  lines = "";
}

/** In the page: ms since its navigation once an expression holds, looked at once a frame. */
const when = (expression: string) =>
  `new Promise((done) => {
    const look = () => (${expression}) ? done(performance.now()) : requestAnimationFrame(look);
    look();
  })`;
const DRAWN = 'f.querySelector("canvas") && /Steps [1-9]/.test(f.ariaLabel)';
const FIGURES = '[...document.querySelectorAll("figure")]';
const ON_SCREEN = `${FIGURES}.filter((f) => f.getBoundingClientRect().top < innerHeight)`;

/** In the page: the longest time between two of this many frames, each of which begins with an action. */
const longestFrame = (action: string, frames: number) =>
  `new Promise((done) => {
    let [worst, last, n] = [0, performance.now(), 0];
    const frame = () => {
      const now = performance.now();
      if (n > 1) worst = Math.max(worst, now - last);
      last = now;
      if (n++ === ${frames}) return done(worst);
      ${action};
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`;
const HOVER = `{
  const over = document.querySelector("figure .u-over"), box = over.getBoundingClientRect();
  over.dispatchEvent(new MouseEvent("mousemove", { clientX: box.x + 4 * n, clientY: box.y + 50, bubbles: true }));
}`;
const SMOOTH = `{
  const slider = document.querySelector("#smoothing");
  slider.value = n / 100;
  slider.dispatchEvent(new Event("input"));
}`;
const SCROLL = "scrollTo(0, 25 * n)";

const times: Record<string, number[]> = {};
const note = (name: string, value: number) => (times[name] ??= []).push(value);
const memory: number[] = [];
const browser = await Browser.start(findChromium()!);
await browser.display(1280, 900, "light");
for (let i = 0; i < Number(values.times); i++) {
  const began = performance.now();
  const command = [process.execPath, main, "dashboard", run, "--port", "0", "--json"];
  const child = Bun.spawn(command, { stdout: "pipe" });
  const said = new TextDecoder().decode((await child.stdout.getReader().read()).value);
  note("command_to_address", performance.now() - began);
  await browser.open(JSON.parse(said).url);
  note(
    "page_to_charts_on_screen",
    await browser.evaluate(when(`${FIGURES}[0] && ${ON_SCREEN}.every((f) => ${DRAWN})`)),
  );
  note("page_to_all_charts", await browser.evaluate(when(`${FIGURES}.every((f) => ${DRAWN})`)));
  await browser.open("about:blank");
  await browser.open(JSON.parse(said).url);
  note("page_again", await browser.evaluate(when(`${FIGURES}[0] && ${ON_SCREEN}.every((f) => ${DRAWN})`)));
  await browser.evaluate(when(`${FIGURES}.every((f) => ${DRAWN})`));
  note("frame_hover", await browser.evaluate(longestFrame(HOVER, 60)));
  note("frame_smooth", await browser.evaluate(longestFrame(SMOOTH, 60)));
  note("frame_scroll", await browser.evaluate(longestFrame(SCROLL, 60)));
  await browser.evaluate("scrollTo(0, 0)");
  const [from, to] = [0.5 * steps, 0.501 * steps];
  const zoomed = `(() => {
    const [a, b] = document.querySelectorAll(".controls input[type=number]");
    [a.value, b.value] = [${from}, ${to}];
    b.dispatchEvent(new Event("change"));
    const start = performance.now();
    // The first point of the finer curve is the first step in view, which the coarse one does not have.
    return ${
    when(`${ON_SCREEN}.every((f) => f.ariaLabel.includes("Steps ${from} to ${to}"))`)
  }.then((end) => end - start);
  })()`;
  note("zoom_to_finer_points", await browser.evaluate(zoomed));
  memory.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1000);
  child.kill();
  await child.exited;
}
if (browser.errors.length > 0) throw new Error(browser.errors.join("\n"));
await browser[Symbol.asyncDispose]();

const summary = Object.entries(times).map(([name, list]) => {
  const sorted = list.map(Math.round).toSorted((a, b) => a - b);
  return [name, { median: sorted[sorted.length >> 1], worst: sorted.at(-1) }];
});
console.log(JSON.stringify(
  {
    steps,
    metrics_mb: Math.round(statSync(join(run, "metrics.jsonl")).size / 1e6),
    times: Number(values.times),
    ms: Object.fromEntries(summary),
    dashboard_mb: Math.round(Math.max(...memory)),
  },
  null,
  1,
));
rmSync(join(run, ".."), { recursive: true });
