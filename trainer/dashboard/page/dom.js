// Small helpers around the DOM. Everything that comes from a run is put in as text, never as HTML.

/** element("td", { class: "x" }, "text", child...); a handler is given as onclick: (event) => ... */
export function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** An SVG shape. */
export function shape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** @param kind "words" for cells that are texts rather than numbers */
export function table(headers, rows, kind = "") {
  return element(
    "table",
    { class: kind },
    element("thead", {}, element("tr", {}, ...headers.map((text) => element("th", { scope: "col" }, text)))),
    element(
      "tbody",
      {},
      ...rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell)))),
    ),
  );
}

/** A button that appears when a run has steps that a list does not show yet: { node, tell(run, shown) }. */
export function newSteps(load) {
  const node = element("button", { class: "news", hidden: true, onclick: load });
  const tell = ({ step }, shown) => {
    node.hidden = step <= shown;
    node.textContent = step === shown + 1 ? `show step ${step}` : `show steps ${shown + 1}–${step}`;
  };
  return { node, tell };
}

/** A drop-down list with its label. */
export function select(label, options, value, onchange) {
  const node = element(
    "select",
    { onchange: () => onchange(node.value) },
    ...options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)),
  );
  return element("label", { class: "field" }, label, node);
}

/** Four digits, however large or small. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

export function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(100 * share)} %`;
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  const two = (value) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

export function megabytes(bytes) {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Says something to everybody, screen readers included. */
export function say(text) {
  const message = document.getElementById("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => message.hidden = true, 6000);
}
