// Prompts and answers in the report: LaTeX rendered, the extracted answer marked.

import { element } from "./shapes.js";

/** $$...$$, $...$, \(...\), \[...\], display environments and bare boxes. */
const FORMULA =
  /\$\$([^$]+)\$\$|\$([^$\n]+)\$|\\\(([^]*?)\\\)|\\\[([^]*?)\\\]|(\\begin\{(align|gather|equation)(\*?)\}[^]*?\\end\{\6\7\})|(\\boxed\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/g;

/** Text with its LaTeX rendered and the extracted answer marked; a formula that holds it is marked whole. */
export function richText(text, span, withMath) {
  const node = element("div", { class: "text" });
  const [from, to] = span ?? [-1, -1];
  const mark = (...content) => element("mark", { title: "extracted answer" }, ...content);
  const plain = (start, end) => {
    const [a, b] = [Math.max(start, from), Math.min(end, to)];
    if (a >= b) return node.append(text.slice(start, end));
    node.append(text.slice(start, a), mark(text.slice(a, b)), text.slice(b, end));
  };
  let last = 0;
  for (const match of withMath ? text.matchAll(FORMULA) : []) {
    const end = match.index + match[0].length;
    plain(last, match.index);
    const formula = renderFormula(match);
    node.append(match.index < to && from < end ? mark(formula) : formula);
    last = end;
  }
  plain(last, text.length);
  return node;
}

/** The beginning of a question as one line, with its formulas rendered. */
export function titleOf(question, withMath) {
  const line = question.replace(/\s+/g, " ").trim();
  let end = Math.min(line.length, 240);
  // A formula is not cut in two.
  for (const match of line.matchAll(FORMULA)) {
    if (match.index < end && end < match.index + match[0].length) end = match.index;
  }
  const title = richText(line.slice(0, end) + (end < line.length ? " ..." : ""), null, withMath);
  title.className = "start";
  for (const math of title.querySelectorAll('math[display="block"]')) math.removeAttribute("display");
  return title;
}

function renderFormula([whole, display, inline, round, square, environment, , , boxed]) {
  const holder = document.createElement("span");
  const displayMode = (display ?? square ?? environment) !== undefined;
  try {
    const tex = display ?? inline ?? round ?? square ?? environment ?? boxed;
    katex.render(tex, holder, { output: "mathml", throwOnError: true, displayMode, maxExpand: 100 });
  } catch {
    holder.textContent = whole;
  }
  return holder;
}
