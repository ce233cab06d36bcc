// Vectors as sums of multiples of i, j and k.

import { type Node, some, substitute, symbols } from "../tree/node.ts";
import { identical } from "../values/identity.ts";
import type { Context } from "./context.ts";

const units = ["i", "j", "k"];

/** The components of `3i + 4j` in a space of two or three dimensions; null when it is no such sum. */
export function componentsOf(node: Node, size: number, context: Context): Node[] | null {
  const { builder: b, fuel } = context;
  const names = symbols(node);
  if (size < 2 || size > 3 || node.kind === "relation" || node.kind === "text" || node.kind === "phrase") {
    return null;
  }
  const imaginary = some(node, (part) => part.kind === "constant" && part.name === "i");
  if (!names.has("j") && !names.has("i") && !names.has("k")) return null;
  if (imaginary && names.has("i")) return null;
  const vector = imaginary ? asSymbol(node, b) : node;
  const at = (values: readonly bigint[]): Node =>
    units.reduce((part, name, i) => substitute(part, name, b.number({ p: values[i]!, q: 1n }), b), vector);
  const zero = at([0n, 0n, 0n]);
  if (identical(zero, b.number({ p: 0n, q: 1n }), fuel).same !== true) return null;
  const parts = [at([1n, 0n, 0n]), at([0n, 1n, 0n]), at([0n, 0n, 1n])];
  const sum = parts.reduce((x, y, i) => b.sum(x, b.product(b.number({ p: BigInt(i + 2), q: 1n }), y)), zero);
  if (identical(at([2n, 3n, 4n]), sum, fuel).same !== true) return null;
  return size === 2 && names.has("k") ? null : parts.slice(0, size);
}

/** With the constant i read as the name of a unit vector. */
function asSymbol(node: Node, b: Context["builder"]): Node {
  if (node.kind === "constant" && node.name === "i") return b.node({ kind: "symbol", name: "i" });
  return node.args.length === 0 ? node : b.with(node, node.args.map((arg) => asSymbol(arg, b)));
}
