// Whether a scalar is a number as one writes it down.

import type { Node } from "../tree/node.ts";

export const isPi = (node: Node): boolean => node.kind === "constant" && node.name === "pi";

export const isWrapper = (node: Node): boolean =>
  node.kind === "percent" || node.kind === "degree" || node.kind === "unit";

/** A number as one writes it: an integer, a decimal, a fraction, m x 10^k, all with a sign. */
export function isLiteral(node: Node): boolean {
  const part = (x: Node | undefined): boolean => {
    if (x === undefined) return false;
    if (x.kind === "number") return true;
    return x.kind === "mul" && x.args.length === 2 && isMinusOne(x.args[0]!) && x.args[1]!.kind === "number";
  };
  if (part(node) || node.kind === "numeral") return true;
  if (isWrapper(node)) return isLiteral(node.args[0]!);
  if (node.kind === "div") return part(node.args[0]) && part(node.args[1]);
  if (node.kind === "pow") return powerOfTen(node);
  if (node.kind === "mul") {
    const rest = node.args.filter((arg) => !isMinusOne(arg));
    if (rest.length === 1) return isLiteral(rest[0]!);
    return rest.length === 2 && part(rest[0]) && powerOfTen(rest[1]!);
  }
  return node.kind === "ratio" && node.args.every(part);
}

export const isMinusOne = (node: Node): boolean =>
  node.kind === "number" && node.value.p === -1n && node.value.q === 1n;

export const powerOfTen = (node: Node): boolean =>
  node.kind === "pow" && node.args[0]!.kind === "number" && node.args[0]!.value.p === 10n &&
  node.args[1]!.kind === "number";
