// A forest plot: differences with their intervals below one another, for studies with more arms than a chart can hold
// lines. As SVG that needs no style sheet.

import { escapeHtml } from "#shared/text/format.ts";
import { difference } from "./notation.ts";
import { number, round, ticks } from "./plot.ts";
import type { Estimate } from "./statistics.ts";

const WIDTH = 960;
const LEFT = 400; // where names end and the axis begins
const RIGHT = 170; // for the numbers
const ROW = 22;
const TOP = 36;

export interface ForestRow {
  name: string;
  /** Shares; shown as points. */
  estimate: Estimate;
}

/** One row a difference, a dot for the mean and a line for the interval; blue where it excludes 0. */
export function forest(
  rows: readonly ForestRow[],
  { title, xLabel }: { title: string; xLabel: string },
): string {
  const ends = rows.flatMap(({ estimate: e }) => [e.low ?? e.mean, e.high ?? e.mean, 0]).map((x) => 100 * x);
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const step = ticks(Math.max(most - least, 1e-9))[1]!;
  const [from, to] = [Math.floor(least / step) * step, Math.ceil(most / step) * step];
  const px = (points: number) => round(LEFT + (WIDTH - LEFT - RIGHT) * (points - from) / (to - from));
  const bottom = TOP + ROW * rows.length;
  const height = bottom + 48;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `role="img" font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>${escapeHtml(title)}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="20" font-size="14" font-weight="600">${escapeHtml(title)}</text>`,
  ];
  for (let x = from; x <= to + step / 2; x += step) {
    const colour = Math.abs(x) < step / 2 ? "#666" : "#ddd";
    parts.push(
      `<line x1="${px(x)}" x2="${px(x)}" y1="${TOP}" y2="${bottom}" stroke="${colour}"/>`,
      `<text x="${px(x)}" y="${bottom + 18}" text-anchor="middle">${number(x)}</text>`,
    );
  }
  rows.forEach(({ name, estimate: e }, i) => {
    const y = TOP + ROW * (i + 0.5);
    const [low, high] = [e.low ?? e.mean, e.high ?? e.mean];
    const colour = low > 0 || high < 0 ? "#0072b2" : "#888";
    parts.push(
      `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${escapeHtml(name)}</text>`,
      `<line x1="${px(100 * low)}" x2="${
        px(100 * high)
      }" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="2"/>`,
      `<circle cx="${px(100 * e.mean)}" cy="${y}" r="4" fill="${colour}"/>`,
      `<text x="${WIDTH - RIGHT + 14}" y="${y + 4}">${difference(e)}</text>`,
    );
  });
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  parts.push(`<text x="${middle}" y="${bottom + 38}" text-anchor="middle">${escapeHtml(xLabel)}</text>`);
  return parts.join("") + "</svg>";
}
