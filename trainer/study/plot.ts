// Line charts with bands as SVG that needs no style sheet, so that the same figure stands in a page and in a README.
// Colours are Okabe and Ito's, told apart by colour-blind readers too.

import { escapeHtml } from "#shared/text/format.ts";

export const COLOURS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#000000",
  "#999999",
];
const WIDTH = 640;
const HEIGHT = 340;
const MARGIN = { left: 56, right: 14, top: 34, bottom: 44 };

export interface Line {
  name: string;
  points: readonly { x: number; mean: number; low: number | null; high: number | null }[];
}

export interface ChartOptions {
  title: string;
  xLabel: string;
  /** Values are shares and shown in per cent. */
  percent?: boolean;
}

/** One chart, 640 x 340 plus a legend below it. */
export function chart(lines: readonly Line[], { title, xLabel, percent = false }: ChartOptions): string {
  const shown = lines.map((line, i) => ({ ...line, colour: COLOURS[i % COLOURS.length]! }))
    .filter((line) => line.points.length > 0);
  const all = shown.flatMap((line) => line.points);
  const right = Math.max(...all.map((p) => p.x), 1e-12);
  const top = percent ? 1 : Math.max(...all.map((p) => p.high ?? p.mean), 1e-12);
  const [xTicks, yTicks] = [ticks(right), percent ? [0, 0.25, 0.5, 0.75, 1] : ticks(top)];
  const ceiling = Math.max(top, yTicks.at(-1)!);
  const px = (x: number) => round(MARGIN.left + (WIDTH - MARGIN.left - MARGIN.right) * x / right);
  const py = (y: number) =>
    round(HEIGHT - MARGIN.bottom - (HEIGHT - MARGIN.top - MARGIN.bottom) * y / ceiling);
  const places = legend(shown.map(({ name }) => name));
  const height = HEIGHT + 20 * (1 + (places.at(-1)?.row ?? -1));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `role="img" font-family="system-ui, sans-serif" font-size="12" fill="#333">`,
    `<title>${escapeHtml(title)}</title><rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="20" font-size="14" font-weight="600">${escapeHtml(title)}</text>`,
  ];
  for (const y of yTicks) {
    const label = percent ? `${Math.round(100 * y)} %` : number(y);
    parts.push(
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${py(y)}" y2="${py(y)}" stroke="#ddd"/>`,
      `<text x="${MARGIN.left - 6}" y="${py(y) + 4}" text-anchor="end">${label}</text>`,
    );
  }
  for (const x of xTicks) {
    parts.push(
      `<text x="${px(x)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${number(x)}</text>`,
    );
  }
  parts.push(
    `<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${
      escapeHtml(xLabel)
    }</text>`,
  );
  for (const { points, colour } of shown) {
    const band = points.filter((p) => p.low !== null && p.high !== null);
    if (band.length > 1) {
      const upper = band.map((p) => `${px(p.x)},${py(Math.min(p.high!, ceiling))}`);
      const lower = band.map((p) => `${px(p.x)},${py(Math.max(p.low!, 0))}`).reverse();
      parts.push(
        `<polygon points="${[...upper, ...lower].join(" ")}" fill="${colour}" fill-opacity="0.15"/>`,
      );
    }
    const path = points.map((p) => `${px(p.x)},${py(p.mean)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
  }
  shown.forEach(({ name, colour }, i) => {
    const { x, row } = places[i]!;
    const y = HEIGHT + 20 * row + 6;
    parts.push(
      `<rect x="${x}" y="${y - 8}" width="14" height="8" fill="${colour}"/>`,
      `<text x="${x + 20}" y="${y}">${escapeHtml(name)}</text>`,
    );
  });
  return parts.join("") + "</svg>";
}

/** Where names of a legend stand: in columns of a third of the width, of which a long name takes two or all. */
function legend(names: readonly string[]): { x: number; row: number }[] {
  let column = 0;
  let row = 0;
  return names.map((name) => {
    const columns = Math.min(3, Math.ceil((20 + 6.5 * name.length) / 190)); // 6.5: a letter of 12 pixels' height
    if (column + columns > 3) {
      column = 0;
      row++;
    }
    const place = { x: MARGIN.left + 190 * column, row };
    column += columns;
    return place;
  });
}

/** Charts below one another as one SVG. */
export function stacked(charts: readonly string[]): string {
  let y = 0;
  const inner = charts.map((svg) => {
    const height = Number(/ height="(\d+)"/.exec(svg)![1]);
    const placed = svg.replace("<svg ", `<svg y="${y}" `);
    y += height;
    return placed;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}">${
    inner.join("")
  }</svg>\n`;
}

/** Four to eight round numbers from 0 to the largest. */
export function ticks(largest: number): number[] {
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough * 0.999) ?? 10);
  return Array.from({ length: Math.floor(largest / step * 1.0001) + 1 }, (_, i) => i * step);
}

export function number(value: number): string {
  if (value >= 1000) return `${Number((value / 1000).toPrecision(4))}k`;
  return String(Number(value.toPrecision(3)));
}

export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
