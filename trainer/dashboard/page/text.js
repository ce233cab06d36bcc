// Texts of problems and completions: LaTeX rendered as MathML, hints and extracted answers marked.

import { element } from "./dom.js";

const FORMULA =
  /\$\$([^$]+)\$\$|\$([^$\n]+)\$|\\\(([^]*?)\\\)|\\\[([^]*?)\\\]|(\\boxed\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})/g;

/** A text with one part of it marked: { span: [start, end], title }. */
export function richText(text, mark) {
  const node = element("div", { class: "text" });
  if (!mark?.span) {
    node.append(...mathParts(text));
    return node;
  }
  const [start, end] = mark.span;
  node.append(
    ...mathParts(text.slice(0, start)),
    // The answer often lies inside a formula; marked, it stays as it was written.
    element("mark", { title: mark.title }, text.slice(start, end)),
    ...mathParts(text.slice(end)),
  );
  return node;
}

/** KaTeX is larger than all the rest of the page, so it comes with the first formula. */
let katex = null;

async function render(tex, holder, displayMode) {
  const text = holder.textContent;
  try {
    const { default: { render } } = await (katex ??= import("../vendor/katex.js"));
    render(tex, holder, { output: "mathml", throwOnError: true, displayMode, maxExpand: 100 });
  } catch {
    holder.textContent = text; // what is no formula stays as it was written
  }
}

function mathParts(text) {
  const parts = [];
  let last = 0;
  for (const match of text.matchAll(FORMULA)) {
    const tex = match.slice(1).find((group) => group !== undefined);
    const holder = element("span", {}, match[0]);
    render(tex, holder, match[0].startsWith("$$") || match[0].startsWith("\\["));
    parts.push(text.slice(last, match.index), holder);
    last = match.index + match[0].length;
  }
  parts.push(text.slice(last));
  return parts.filter((part) => part !== "");
}
