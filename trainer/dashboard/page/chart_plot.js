// A chart as uPlot draws it: series, axes, scales, and what the mouse does. A band shows the extremes of steps that
// share one point.

import { format, lastOf } from "./chart_words.js";
import { short } from "./dom.js";
import { state } from "./data.js";

export const HEIGHT = 220;
/** Distances of marks on the axis of steps: there is nothing between two steps. */
const WHOLE = [...Array(8).keys()].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));

/** uPlot's options but for the size. */
export function plotOptions({ spec, lines, bands, palette, zoom, tellStep, openStep }) {
  const axis = {
    stroke: palette.soft,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line, width: 1 },
    font: "12px system-ui",
  };
  const values = (_, ticks) =>
    ticks.map((tick) => tick === null ? "" : spec.share ? `${short(100 * tick)} %` : short(tick));
  return {
    legend: { show: false },
    cursor: {
      sync: { key: "steps", setSeries: false },
      drag: { x: true, y: false, setScale: false },
      bind: {
        dblclick: () => () => {
          zoom(null);
          return null;
        },
      },
    },
    scales: { x: { time: false, auto: false }, y: scaleOf(spec) },
    axes: [{ ...axis, size: 32, incrs: WHOLE }, { ...axis, size: 56, values }],
    series: [{}, ...lines.flatMap((line, i) => seriesOf(spec, line, bands, i))],
    bands: bands
      ? lines.map((line, i) => ({ series: [3 * i + 2, 3 * i + 3], fill: faint(line.color, 0.2) }))
      : spec.stack
      ? lines.slice(1).map((_, i) => ({ series: [i + 2, i + 1] }))
      : [],
    hooks: {
      ready: [(plot) => onClick(plot, lines, openStep)],
      drawClear: [(plot) => drawAlerts(plot, lines, palette)],
      setSelect: [(plot) => {
        const { left, width } = plot.select;
        if (width < 4) return;
        zoom([plot.posToVal(left, "x"), plot.posToVal(left + width, "x")]);
        plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
      setCursor: [(plot) => {
        const { idx } = plot.cursor;
        tellStep(idx === null || idx === undefined ? null : plot.data[0][idx]);
        for (const line of lines) {
          const drawn = line.drawn ?? [];
          line.value.textContent = format(
            spec,
            idx === null || idx === undefined ? lastOf(drawn) : drawn[idx],
          );
        }
      }],
    },
  };
}

/** Calls back with the step under a click and the run whose line is nearest; dragging is no click. */
function onClick(plot, lines, openStep) {
  let from = null;
  plot.over.addEventListener("mousedown", (event) => from = event.clientX);
  plot.over.addEventListener("click", (event) => {
    const { idx, top } = plot.cursor;
    if (idx === null || idx === undefined || Math.abs(event.clientX - from) > 3) return;
    const away = ({ drawn }) => {
      const value = drawn?.[idx];
      return value === null || value === undefined ? Infinity : Math.abs(plot.valToPos(value, "y") - top);
    };
    const nearest = lines.reduce((a, b) => away(b) < away(a) ? b : a);
    openStep(nearest.run, plot.data[0][idx]);
  });
}

/** A dashed line at the step of each alert of the runs in the chart, with a triangle at its foot. */
function drawAlerts(plot, lines, palette) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  const runs = new Set(lines.map(({ run }) => run));
  const steps = new Set([...runs].flatMap((run) => run.alerts.map(({ step }) => step)));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = palette.alert;
  ctx.setLineDash([3, 3]);
  for (const step of steps) {
    if (step < min || step > max) continue;
    const x = plot.valToPos(step, "x", true);
    const foot = bbox.top + bbox.height;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, foot);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 5, foot);
    ctx.lineTo(x + 5, foot);
    ctx.lineTo(x, foot - 8);
    ctx.fill();
  }
  ctx.restore();
}

/** Whether a series has one value only, of which no line can be drawn. */
function isAlone(plot, index) {
  let values = 0;
  for (const value of plot.data[index]) {
    if (value !== null && value !== undefined && ++values > 1) return false;
  }
  return values === 1;
}

/** A line as uPlot's series: one, or with a band three, of which two are the invisible edges. */
function seriesOf(spec, line, bands, i) {
  const main = {
    label: line.label,
    stroke: line.color,
    width: 1.75,
    dash: line.dash,
    spanGaps: true,
    points: { show: spec.dots || isAlone, size: spec.dots ? 5 : 4, fill: line.color },
    ...(spec.stack && { fill: faint(line.color, 0.35), width: 1 }),
  };
  if (!bands) return [main];
  const edge = { stroke: "transparent", spanGaps: true, points: { show: false } };
  return [main, { ...edge, label: `${line.label} max` }, { ...edge, label: `${line.label} min ${i}` }];
}

function scaleOf(spec) {
  if (state.log && !spec.stack) return { distr: 3 };
  return { range: spec.share ? [0, 1] : (_, min, max) => rangeOf(min, max, spec.stack) };
}

function rangeOf(min, max, stack) {
  if (min === null || max === null) return [0, 1];
  if (stack) return [0, max || 1];
  // A constant that smoothing has rounded differs in its last bits only, which no axis can be divided by.
  const size = Math.max(Math.abs(min), Math.abs(max));
  const pad = (max - min > 1e-9 * size ? max - min : size || 1) * 0.08;
  return [min >= 0 && min - pad < 0 ? 0 : min - pad, max + pad];
}

/** "rgb(1, 2, 3)" made transparent. */
function faint(color, alpha) {
  return color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}
