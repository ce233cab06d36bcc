// What a bracket pair, a separator list or a matrix environment means.

import type { Builder, Node } from "../tree/node.ts";
import { ParseError } from "../tree/fuel.ts";
import { add, divide, multiply } from "../tree/rational.ts";
import { measureOf } from "./units.ts";

/** One element of a list and the separator that came before it. */
export type Element = { node: Node; separator: string };

/** A list without brackets. `;`, and "and" or "or" between equally long parts, separate more strongly than commas. */
export function listOf(b: Builder, elements: readonly Element[]): Node {
  if (elements.length === 1) return elements[0]!.node;
  const sum = quantitySum(b, elements);
  if (sum !== null) return sum;
  const strong = ["\\\\", ";", "or", "and"].find((sign) => {
    if (!elements.some((element) => element.separator === sign)) return false;
    const parts = split(elements, sign);
    if (parts.every((part) => part.length === 1)) return true;
    return sign === ";" || sign === "\\\\" ||
      (parts[0]!.length > 1 && parts.every((part) => part.length === parts[0]!.length));
  });
  if (strong !== undefined) {
    const parts = split(elements, strong).map((part) => listOf(b, part));
    return b.node({ kind: "list", joined: strong === "\\\\" ? ";" : strong as ";" | "or" | "and" }, parts);
  }
  const joined = elements.some((element) => element.separator === "or") ? "or" : ",";
  return b.node({ kind: "list", joined }, elements.map((element) => element.node));
}

/** "2 hours and 30 minutes" is one quantity in its larger unit. */
function quantitySum(b: Builder, elements: readonly Element[]): Node | null {
  const [first, second] = elements.map((element) => element.node);
  if (elements.length !== 2 || elements[1]!.separator !== "and") return null;
  if (first?.kind !== "unit" || second?.kind !== "unit") return null;
  const [large, small] = [measureOf(first.unit), measureOf(second.unit)];
  if (large === null || small === null || large.dimension !== small.dimension) return null;
  const ratio = divide(small.scale, large.scale);
  if (ratio.p >= ratio.q) return null;
  const [x, y] = [first.args[0]!, second.args[0]!];
  const total = x.kind === "number" && y.kind === "number"
    ? b.number(add(x.value, multiply(y.value, ratio)))
    : b.sum(x, b.product(y, b.number(ratio)));
  return b.node({ kind: "unit", unit: first.unit }, [total]);
}

function split(elements: readonly Element[], sign: string): Element[][] {
  const parts: Element[][] = [[]];
  for (const element of elements) {
    if (element.separator === sign) parts.push([]);
    parts.at(-1)!.push({
      node: element.node,
      separator: parts.at(-1)!.length === 0 ? "" : element.separator,
    });
  }
  return parts.filter((part) => part.length > 0);
}

const partners: Record<string, readonly string[]> = {
  "(": [")", "]"],
  "[": ["]", ")", "["],
  "]": ["[", "]", ")"],
  "{": ["}"],
  "\\{": ["\\}"],
  langle: ["rangle"],
  lfloor: ["rfloor"],
  lceil: ["rceil"],
  lvert: ["rvert"],
  lVert: ["rVert"],
};

/** Whether `close` may end what `open` began. */
export const closes = (open: string, close: string): boolean => partners[open]?.includes(close) === true;

/** The node of a finished bracket pair. */
export function bracketed(b: Builder, open: string, close: string, elements: readonly Element[]): Node {
  const [only] = elements;
  const single = elements.length === 1 ? only!.node : null;
  switch (open) {
    case "lfloor":
    case "lceil":
    case "lvert": {
      if (single === null) throw new ParseError("a list between vertical bars");
      return b.node({ kind: "call", name: open === "lfloor" ? "floor" : open === "lceil" ? "ceil" : "abs" }, [
        single,
      ]);
    }
    case "\\{":
      return braces(b, elements);
    case "{":
      if (elements.length === 0) throw new ParseError("empty braces");
      // Plain braces group; with commas they are the braces of a set whose backslashes got lost.
      if (single !== null) return single;
      return elements.every((element) => element.separator === "," || element.separator === "")
        ? b.node({ kind: "set" }, elements.map((element) => element.node))
        : listOf(b, elements);
    case "(":
    case "[":
    case "]":
    case "langle": {
      if (elements.length === 0) throw new ParseError("empty brackets");
      if (single !== null && single.kind !== "list" && open !== "]" && close !== "[") return single;
      const nodes = elements.map((element) => element.node);
      const round = open === "langle";
      return b.node({
        kind: "tuple",
        open: round || open === "(" || open === "]" ? "(" : "[",
        close: round || close === ")" || close === "[" ? ")" : "]",
      }, nodes);
    }
  }
  throw new ParseError(`unsupported bracket ${open}`);
}

function braces(b: Builder, elements: readonly Element[]): Node {
  const bar = elements.findIndex((element) => element.separator === "such");
  if (bar === 1) return b.node({ kind: "builder" }, elements.map((element) => element.node));
  if (bar >= 0) throw new ParseError("a set with several elements before its condition");
  if (elements.length === 0) return b.node({ kind: "realm", name: "0" });
  return b.node({ kind: "set" }, elements.map((element) => element.node));
}

/** A system of equations, or the values of a piecewise answer with their conditions. */
function casesOf(b: Builder, rows: readonly (readonly Node[])[]): Node {
  if (rows.length === 0 || rows.some((row) => row.length > 2)) throw new ParseError("a ragged system");
  if (rows.some((row) => row.length === 2)) {
    const otherwise = b.node({ kind: "text", text: "otherwise" });
    return b.node({ kind: "piecewise" }, rows.flatMap((row) => [row[0]!, row[1] ?? otherwise]));
  }
  const lines = rows.map((row) => row[0]!);
  return lines.length === 1 ? lines[0]! : b.node({ kind: "list", joined: "," }, lines);
}

/** The node of a finished matrix environment; rows must be equally long. */
export function matrixOf(b: Builder, name: string, rows: readonly (readonly Node[])[]): Node {
  const full = rows.filter((row) => row.length > 0);
  if (name === "cases") return casesOf(b, full);
  const columns = full[0]?.length ?? 0;
  if (columns === 0 || full.some((row) => row.length !== columns)) throw new ParseError("a ragged matrix");
  const matrix = b.node({ kind: "matrix", rows: full.length, columns }, full.flat());
  return name.startsWith("vmatrix") ? b.node({ kind: "call", name: "det" }, [matrix]) : matrix;
}
