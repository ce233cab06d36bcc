// Answers that stand for many values by a parameter: k pi with k in Z, n = 4k + 3, and constants such as + C.

import { type Builder, type Node, some, substitute, symbols } from "../tree/node.ts";
import { key } from "../tree/key.ts";
import { one } from "../values/complex.ts";
import { type Answer, answer, constantValue, identical, valueOf } from "../values/identity.ts";
import type { Context } from "./context.ts";
import { isEquation, isMembership, isName } from "./names.ts";

/** A body, its parameter, and the set of numbers that the parameter runs through (null: not said). */
type Family = { body: Node; name: string; realm: string | null };

/** `x = k \pi, k \in Z`; with `implied`, also `n = 4k + 3`. */
function familyOf(node: Node, implied: boolean, b: Builder): Family | null {
  if (node.kind === "list" && node.args.length >= 2) {
    const domain = node.args.at(-1)!;
    if (!isMembership(domain) || domain.args[0]!.kind !== "symbol" || domain.args[1]!.kind !== "realm") {
      return null;
    }
    const { name } = domain.args[0]!;
    const rest = node.args.slice(0, -1);
    if (rest.some((part) => isMembership(part)) || !rest.some((part) => symbols(part).has(name))) return null;
    const body = rest.length === 1 ? rest[0]! : b.node({ kind: "list", joined: node.joined }, rest);
    return { body, name, realm: domain.args[1]!.name };
  }
  if (!implied || node.kind !== "relation" || node.args.length !== 2 || node.ops[0] !== "=") return null;
  const [left, right] = node.args;
  if (left!.kind !== "symbol") return null;
  const names = [...symbols(right!)];
  const parameter = names.length === 1 && /^[i-nr-tNM]$/.test(names[0]!) && names[0] !== left!.name;
  return parameter ? { body: node, name: names[0]!, realm: null } : null;
}

/** Two families, whatever their parameters are called; null when one side is none. */
export function compareFamilies(gold: Node, given: Node, context: Context): Answer | null {
  const { builder: b, rules, fuel } = context;
  const g = familyOf(gold, rules.parameters, b);
  const p = g === null ? null : familyOf(given, rules.parameters, b);
  if (g === null || p === null) return null;
  if (g.realm !== null && p.realm !== null && g.realm !== p.realm) {
    return answer(false, "structure", "another domain of the parameter");
  }
  if (!rules.parameters) return context.compare(g.body, p.body, context);
  if (p.name !== g.name && symbols(p.body).has(g.name)) return answer(false, "structure", "other parameters");
  const body = p.name === g.name
    ? p.body
    : substitute(p.body, p.name, b.node({ kind: "symbol", name: g.name }), b);
  const inner = { ...context, rules: { ...rules, parameters: false } };
  const same = context.compare(g.body, body, inner);
  if (same.same === true || g.realm !== p.realm || (g.realm !== null && g.realm !== "Z")) return same;
  const [x, y] = [valueIn(g.body), valueIn(body)];
  if (x === null || y === null || headOf(g.body, context) !== headOf(body, context)) return same;
  fuel.spend(20);
  return sameProgression(x, y, g.name, context) ? answer(true, "structure", "the same residue class") : same;
}

const headOf = (node: Node, { fuel }: Context): string =>
  node.kind === "relation" ? key(node.args[0]!, fuel) : "";

function valueIn(node: Node): Node | null {
  const value =
    node.kind === "relation" && isEquation(node) && node.args.length === 2 && isName(node.args[0]!)
      ? node.args[1]!
      : node;
  return ["relation", "list", "set", "tuple", "text", "phrase"].includes(value.kind) ||
      some(value, (part) => part.kind === "plusminus")
    ? null
    : value;
}

/** Whether a + d k and b + e k take the same values for all integers k: |d| = |e| and (a - b) / d is an integer. */
function sameProgression(x: Node, y: Node, name: string, context: Context): boolean {
  const { builder: b, fuel } = context;
  const at = (node: Node, k: bigint): Node => substitute(node, name, b.number({ p: k, q: 1n }), b);
  const minus = (u: Node, v: Node): Node => b.sum(u, b.negative(v));
  const [[x0, x1, x2], [y0, y1, y2]] = [x, y].map((node) => [at(node, 0n), at(node, 1n), at(node, 2n)]) as [
    [Node, Node, Node],
    [Node, Node, Node],
  ];
  const [dx, dy] = [minus(x1, x0), minus(y1, y0)];
  if (identical(dx, minus(x2, x1), fuel).same !== true || identical(dy, minus(y2, y1), fuel).same !== true) {
    return false;
  }
  if (identical(dx, dy, fuel).same !== true && identical(dx, b.negative(dy), fuel).same !== true) {
    return false;
  }
  const steps = b.node({ kind: "div" }, [minus(y0, x0), dx]);
  const exact = valueOf(steps, fuel);
  if (exact === "undefined") return false;
  if (exact !== null) return exact.q === 1n;
  const value = constantValue(steps, fuel);
  if (value === null || value.im !== 0n) return false;
  const rest = ((value.re % one.re) + one.re) % one.re;
  const distance = rest * 2n > one.re ? one.re - rest : rest;
  return Number(distance) <= value.error + 2 ** 60;
}

/** The given expression with its free additive constant named as in the gold: `+ C` for `+ c`; null when there is none. */
export function withConstantOf(gold: Node, given: Node, b: Builder): Node | null {
  const [g, p] = [symbols(gold), symbols(given)];
  const [mine] = [...g].filter((name) => !p.has(name));
  const [theirs] = [...p].filter((name) => !g.has(name));
  if (mine === undefined || theirs === undefined || g.size !== p.size) return null;
  if ([...g].filter((name) => !p.has(name)).length !== 1) return null;
  const letter = /^[cCkK](?:_\d)?$/;
  const sameLetter = mine.toLowerCase() === theirs.toLowerCase() && /^c(?:_\d)?$/i.test(mine);
  if (!letter.test(mine) || !letter.test(theirs)) return null;
  if (!sameLetter && !(isTerm(gold, mine) && isTerm(given, theirs))) return null;
  return substitute(given, theirs, b.node({ kind: "symbol", name: mine }), b);
}

const isTerm = (node: Node, name: string): boolean =>
  node.kind === "add" && node.args.some((arg) => arg.kind === "symbol" && arg.name === name) &&
  node.args.filter((arg) => symbols(arg).has(name)).length === 1;
