// The tree of an answer. Every node has `args`, so that generic walks need no case per kind.

import { type Fuel, LimitError, limits } from "./fuel.ts";
import type { Rational } from "./rational.ts";

/** Operators of a relation chain; `~` is "approximately". */
export type RelationOp =
  | "="
  | "<"
  | ">"
  | "<="
  | ">="
  | "!="
  | "~"
  | "in"
  | "notin"
  | "subset"
  | "superset"
  | "->"
  | "=="
  | "=>"
  | "<=>"
  | "sim"
  | "cong"
  | "propto"
  | "divides";

export type Node = { readonly args: readonly Node[]; readonly depth: number } & Body;

export type Body =
  /** `places`: digits after the point of a literal written as a decimal, else null. */
  | { readonly kind: "number"; readonly value: Rational; readonly places: number | null }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "constant"; readonly name: "pi" | "e" | "i" | "inf" }
  | { readonly kind: "add" | "mul" | "div" | "pow" | "root" | "ratio" }
  | { readonly kind: "call"; readonly name: string }
  /** An unknown function such as f(x). */
  | { readonly kind: "apply"; readonly name: string }
  /** a + b and a - b at once (`-1`: the signs swapped). */
  | { readonly kind: "plusminus"; readonly sign: 1 | -1 }
  | { readonly kind: "percent" | "degree" }
  | { readonly kind: "unit"; readonly unit: string }
  | { readonly kind: "numeral"; readonly digits: string; readonly base: number }
  /** Elements without brackets; `joined` by "and" or "or" when the text says so. */
  | { readonly kind: "list"; readonly joined: "," | ";" | "and" | "or" }
  | { readonly kind: "set" }
  /** Also every interval; angle brackets and braces of vectors become round. */
  | { readonly kind: "tuple"; readonly open: "(" | "["; readonly close: ")" | "]" }
  | { readonly kind: "setop"; readonly op: "union" | "intersection" | "minus" }
  /** N, Z, Q, R, C or the empty set "0". */
  | { readonly kind: "realm"; readonly name: string }
  | { readonly kind: "matrix"; readonly rows: number; readonly columns: number }
  | { readonly kind: "relation"; readonly ops: readonly RelationOp[] }
  /** args: body, lower bound, upper bound (sum, product, integral), or body, point (limit). */
  | { readonly kind: "big"; readonly op: "sum" | "prod" | "int" | "lim"; readonly index: string }
  /** {x | conditions}: args[0] is the element, the others are the conditions. */
  | { readonly kind: "builder" }
  | { readonly kind: "text"; readonly text: string }
  /** Words around mathematics, "#" for each argument: "multiples of #". */
  | { readonly kind: "phrase"; readonly words: string }
  /** args: a value or relation, and the modulus it holds for. */
  | { readonly kind: "congruence" }
  /** args: value, condition, value, condition, ... */
  | { readonly kind: "piecewise" }
  /** A choice and, where it is written, what it says. */
  | { readonly kind: "choice"; readonly letter: string }
  | { readonly kind: "ellipsis" };

export type NodeOf<K extends Body["kind"]> = Node & { readonly kind: K };

/** Builds nodes against the node and depth limits of one call. */
export class Builder {
  constructor(private readonly fuel: Fuel) {}

  node(body: Body, args: readonly Node[] = []): Node {
    this.fuel.spend(1);
    if (++this.fuel.nodes > limits.nodes * 8) throw new LimitError("nodes");
    let depth = 1;
    for (const arg of args) if (arg.depth >= depth) depth = arg.depth + 1;
    if (depth > limits.depth) throw new LimitError("depth");
    return { ...body, args, depth };
  }

  number(value: Rational, places: number | null = null): NodeOf<"number"> {
    return this.node({ kind: "number", value, places }) as NodeOf<"number">;
  }

  /** Nested sums and products are flattened, so that long ones stay shallow. */
  sum(a: Node, b: Node): Node {
    return this.node({ kind: "add" }, [...parts(a, "add"), ...parts(b, "add")]);
  }

  product(a: Node, b: Node): Node {
    return this.node({ kind: "mul" }, [...parts(a, "mul"), ...parts(b, "mul")]);
  }

  negative(a: Node): Node {
    if (a.kind === "number") return this.number({ p: -a.value.p, q: a.value.q }, a.places);
    return this.product(this.number({ p: -1n, q: 1n }), a);
  }

  /** The same node over other arguments. */
  with(node: Node, args: readonly Node[]): Node {
    const { args: _args, depth: _depth, ...body } = node;
    return this.node(body as Body, args);
  }
}

function parts(node: Node, kind: "add" | "mul"): readonly Node[] {
  return node.kind === kind ? node.args : [node];
}

/** Whether the node or one below it satisfies the test. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  if (test(node)) return true;
  for (const arg of node.args) if (some(arg, test)) return true;
  return false;
}

/** Names of the free symbols below a node, each once, in order of appearance. */
export function symbols(node: Node, found: Set<string> = new Set()): Set<string> {
  if (node.kind === "symbol") found.add(node.name);
  if (node.kind === "big") {
    const inside = symbols(node.args[0]!);
    inside.delete(node.index);
    for (const name of inside) found.add(name);
    for (const arg of node.args.slice(1)) symbols(arg, found);
    return found;
  }
  for (const arg of node.args) symbols(arg, found);
  return found;
}

/** The tree with a symbol replaced. */
export function substitute(node: Node, name: string, value: Node, b: Builder): Node {
  if (node.kind === "symbol") return node.name === name ? value : node;
  if (node.args.length === 0) return node;
  return b.with(node, node.args.map((arg) => substitute(arg, name, value, b)));
}
