// A chart as a file: an SVG that stands alone, or the same as a PNG of twice the size.

import { format } from "./chart_words.js";
import { shape, short } from "./dom.js";
import { state } from "./data.js";

const [WIDTH, HEIGHT] = [720, 400];
const PLOT = { left: 64, top: 36, right: 704, bottom: 300 };

/** The chart with title, axes, curves and a legend; colours are those of the theme in force. */
export function svgOf({ spec, lines, palette, caption, steps }) {
  const known = lines.flatMap(({ drawn = [] }) =>
    drawn.filter((value) => value !== null && value !== undefined)
  );
  const [min, max] = state.range ?? [steps[0] ?? 0, Math.max(steps.at(-1) ?? 1, (steps[0] ?? 0) + 1)];
  const low = spec.share || spec.stack ? 0 : Math.min(...known);
  const high = spec.share ? 1 : Math.max(...known);
  const span = high - low || Math.abs(high) || 1;
  const x = (step) => PLOT.left + ((step - min) / (max - min)) * (PLOT.right - PLOT.left);
  const y = (value) => PLOT.bottom - ((value - low) / span) * (PLOT.bottom - PLOT.top);
  const text = (x, y, words, rest = {}) => {
    const node = shape("text", { x, y, fill: palette.ink, "font-size": 12, ...rest });
    node.append(words);
    return node;
  };
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const svg = shape(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width: WIDTH,
      height: HEIGHT,
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      "font-family": "system-ui, sans-serif",
    },
    shape("rect", { width: WIDTH, height: HEIGHT, fill: palette.paper }),
    text(PLOT.left, 22, caption, { "font-weight": 600, "font-size": 14 }),
    ...ticks.flatMap((part) => {
      const [across, up] = [min + part * (max - min), low + part * span];
      return [
        shape("line", { x1: PLOT.left, x2: PLOT.right, y1: y(up), y2: y(up), stroke: palette.line }),
        text(PLOT.left - 8, y(up) + 4, spec.share ? format(spec, up) : short(up), { "text-anchor": "end" }),
        text(x(across), PLOT.bottom + 18, short(Math.round(across)), { "text-anchor": "middle" }),
      ];
    }),
    ...lines.map((line) =>
      shape("path", {
        d: pathOf(steps, line.drawn ?? [], x, y, min, max),
        fill: "none",
        stroke: line.color,
        "stroke-width": 1.75,
        "stroke-dasharray": line.dash.join(" ") || "none",
      })
    ),
    ...lines.flatMap((line, i) => {
      const [left, top] = [PLOT.left + (i % 3) * 216, 340 + Math.floor(i / 3) * 18];
      return [
        shape("line", {
          ...{ x1: left, x2: left + 20, y1: top - 4, y2: top - 4, stroke: line.color, "stroke-width": 2.5 },
          "stroke-dasharray": line.dash.join(" ") || "none",
        }),
        text(left + 26, top, line.label.slice(0, 30)),
      ];
    }),
  );
  return new XMLSerializer().serializeToString(svg);
}

function pathOf(steps, values, x, y, min, max) {
  let path = "";
  steps.forEach((step, i) => {
    const value = values[i];
    if (value === null || value === undefined || step < min || step > max) return;
    path += `${path === "" ? "M" : "L"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  return path;
}

export async function saveChart(chart, kind) {
  const svg = svgOf(chart);
  const name = `${chart.caption.replaceAll(/[^\w]+/g, "-").toLowerCase()}.${kind}`;
  save(kind === "svg" ? new Blob([svg], { type: "image/svg+xml" }) : await pngOf(svg), name);
}

async function pngOf(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * WIDTH, 2 * HEIGHT];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
