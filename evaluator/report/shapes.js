// What the report is drawn with: elements, numbers, bars with intervals, the lengths of answers.

/** element("td", { class: "x" }, "text", child...) */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const percent = (share) => (100 * share).toFixed(1);
export const signed = (share) => (share < 0 ? "" : "+") + percent(share);
export const score = (mean, interval) =>
  mean === null
    ? "–"
    : interval
    ? `${percent(mean)} [${percent(interval[0])}, ${percent(interval[1])}]`
    : percent(mean);

/** A bar with its interval as a whisker, on an axis from 0 to 1, or for differences from `low` to -low. */
export function bar(mean, interval, low = 0) {
  const at = (value) => (100 * (value - low)) / (low < 0 ? -2 * low : 1);
  const [from, to] = [at(0), at(mean)].sort((a, b) => a - b);
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 100 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", score(mean, interval));
  const shape = (tag, attributes) => {
    const node = document.createElementNS(ns, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    svg.append(node);
  };
  shape("line", { x1: 0, x2: 100, y1: 9.5, y2: 9.5, stroke: "var(--line)", "stroke-width": 1 });
  const colour = low < 0 ? (mean < 0 ? "var(--wrong)" : "var(--right)") : "var(--bar)";
  shape("rect", { x: from, width: Math.max(to - from, 0.3), y: 2, height: 6, fill: colour, opacity: 0.75 });
  const line = { stroke: "var(--ink)", "stroke-width": 1.2, "vector-effect": "non-scaling-stroke" };
  shape("line", { x1: at(interval[0]), x2: at(interval[1]), y1: 5, y2: 5, ...line });
  for (const end of interval) shape("line", { x1: at(end), x2: at(end), y1: 3, y2: 7, ...line });
  if (low < 0) {
    shape("line", { x1: at(0), x2: at(0), y1: 0, y2: 10, stroke: "var(--soft)", "stroke-width": 0.3 });
  }
  return svg;
}

/** How long the answers are: twelve bars from 0 to the longest, the part that was cut off in another colour. */
export function lengths(rows) {
  const counted = rows.filter((row) => row.tokens !== null);
  const longest = Math.max(1, ...counted.map((row) => row.tokens));
  const bins = Array.from({ length: 12 }, () => ({ whole: 0, cut: 0 }));
  for (const row of counted) {
    const bin = bins[Math.min(11, Math.floor((12 * row.tokens) / (longest + 1)))];
    if (row.finish_reason === "length") bin.cut++;
    else bin.whole++;
  }
  const tallest = Math.max(1, ...bins.map(({ whole, cut }) => whole + cut));
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 96 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `answers up to ${longest} tokens`);
  bins.forEach(({ whole, cut }, i) => {
    let top = 20;
    for (const [count, fill] of [[whole, "var(--bar)"], [cut, "var(--wrong)"]]) {
      const height = (18 * count) / tallest;
      const bar = document.createElementNS(ns, "rect");
      const box = { x: i * 8, y: top - height, width: 7, height, fill, opacity: 0.75 };
      for (const [name, value] of Object.entries(box)) bar.setAttribute(name, value);
      svg.append(bar);
      top -= height;
    }
  });
  return svg;
}
