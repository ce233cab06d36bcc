// Pictures of the dashboard to look at: run table, charts, problems, rollouts, an open group and steering, in both
// themes, at the size of a desktop and of a phone.   bun trainer/dashboard/testing/pictures.ts [OUT]

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendJsonl } from "#shared/io/jsonl.ts";
import { lockRun } from "../../run/lock.ts";
import { serveDashboard } from "../serve.ts";
import { Browser, findChromium } from "#shared/http/testing/browser.ts";
import { writeRun } from "./run.ts";

const out = process.argv[2] ?? "pictures";
const chromium = findChromium();
if (chromium === null) throw new Error("Cannot take pictures as no Chromium is installed");
const folder = mkdtempSync(join(tmpdir(), "ghpo-pictures-"));
const name = (i: number) => `run-${String(i).padStart(2, "0")}`;
writeRun(join(folder, "first"), 120, 160);
for (let i = 0; i < 12; i++) {
  const run = join(folder, name(i));
  cpSync(join(folder, "first"), run, { recursive: true });
  const path = join(run, "recipe.toml");
  const rate = `learning_rate = ${(i % 3) + 1}e-4`;
  writeFileSync(path, readFileSync(path, "utf8").replace(/^learning_rate = .*$/m, rate));
  utimesSync(join(run, "metrics.jsonl"), 1e9 + i, 1e9 + i);
}
rmSync(join(folder, "first"), { recursive: true });
appendJsonl(join(folder, name(4), "alerts.jsonl"), {
  rule: "equal_rewards",
  step: 60,
  value: 0.99,
  threshold: 0.98,
  message: "all completions of a group got the same reward in the last 10 steps",
  advice: "raise generation.num_generations or temperature, or take easier problems",
});
using _lock = lockRun(join(folder, name(4)));
const served = serveDashboard({ folders: [folder], token: null, port: 0, hostname: "127.0.0.1" });
mkdirSync(out, { recursive: true });
{
  await using page = await Browser.start(chromium);
  for (const theme of ["light", "dark"] as const) {
    for (const [device, width, height] of [["desk", 1280, 900], ["phone", 390, 844]] as const) {
      await page.display(width, height, theme);
      for (const view of ["runs", "charts", "problems", "rollouts", "group", "run"]) {
        await page.open("about:blank");
        await page.open(`${served.url}#${view === "group" ? "rollouts" : view}`);
        await page.until("document.body.dataset.ready");
        await Bun.sleep(500);
        if (view === "group") {
          await page.click("#groups summary");
          await page.until("document.querySelector('#groups .completion')");
        }
        const across = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        if (across > 0) console.log(`${view} on the ${device} scrolls sideways by ${across} pixels`);
        await page.screenshot(join(out, `${view}-${device}-${theme}.png`), view !== "charts");
      }
    }
  }
  for (const error of page.errors) console.log(error);
}
await served.stop();
rmSync(folder, { recursive: true });
console.log(`${out} holds the pictures.`);
