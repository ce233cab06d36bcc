// The files that the page loads: its own and three of libraries, by their addresses. Nothing is fetched from elsewhere.

import { fileURLToPath } from "node:url";

const file = (path: string) => fileURLToPath(import.meta.resolve(path));
export const STATIC: Record<string, string> = {
  "/": file("./page/index.html"),
  "/page/page.css": file("./page/page.css"),
  ...Object.fromEntries(
    [
      ...["main", "address", "dom", "data", "text", "rollouts", "problems", "run", "run_list", "runs_table"],
      ...["charts", "chart", "chart_data", "chart_list", "chart_plot", "chart_words", "chart_export"],
    ].map((name) => [`/page/${name}.js`, file(`./page/${name}.js`)]),
  ),
  "/vendor/uPlot.js": file("uplot/dist/uPlot.esm.js"),
  "/vendor/uPlot.css": file("uplot/dist/uPlot.min.css"),
  "/vendor/katex.js": file("katex/dist/katex.mjs"),
};
