// Operators of the grammar: how tightly they bind and what tree they build.

import type { Builder, Node, RelationOp } from "../tree/node.ts";
import { ParseError } from "../tree/fuel.ts";
import { one, rational } from "../tree/rational.ts";

/** A pending operator. `power`: binding power; a right operand belongs to it until a weaker operator comes. */
export type Operator = {
  power: number;
  right: boolean;
  operands: 1 | 2;
  build: (b: Builder, left: Node, right: Node) => Node;
  /** A function name whose argument in parentheses ends it at once. */
  isFunction?: boolean;
  isSlash?: boolean;
};

export const binding = {
  relation: 10,
  minus: 14,
  union: 15,
  intersection: 16,
  ratio: 18,
  add: 20,
  big: 29,
  multiply: 30,
  sign: 32,
  call: 34,
  juxtapose: 35,
  scriptSign: 49,
  power: 50,
} as const;

const infix = (power: number, build: Operator["build"]): Operator => ({
  power,
  right: false,
  operands: 2,
  build,
});
const prefix = (power: number, build: (b: Builder, operand: Node) => Node): Operator => ({
  power,
  right: true,
  operands: 1,
  build: (b, operand) => build(b, operand),
});

/** Fractions of integers stay quotients in the tree: some presets care how a number was written. */
export const quotient = (b: Builder, left: Node, right: Node): Node => b.node({ kind: "div" }, [left, right]);

export const infixOperators = new Map<string, Operator>([
  ["+", infix(binding.add, (b, x, y) => b.sum(x, y))],
  ["-", infix(binding.add, (b, x, y) => b.sum(x, b.negative(y)))],
  ["pm", infix(binding.add, (b, x, y) => b.node({ kind: "plusminus", sign: 1 }, [x, y]))],
  ["mp", infix(binding.add, (b, x, y) => b.node({ kind: "plusminus", sign: -1 }, [x, y]))],
  ["*", infix(binding.multiply, (b, x, y) => b.product(x, y))],
  ["/", { ...infix(binding.multiply, quotient), isSlash: true }],
  ["bmod", infix(binding.multiply, (b, x, y) => b.node({ kind: "call", name: "mod" }, [x, y]))],
  [
    ":",
    infix(
      binding.ratio,
      (b, x, y) => b.node({ kind: "ratio" }, x.kind === "ratio" ? [...x.args, y] : [x, y]),
    ),
  ],
  ["cup", infix(binding.union, (b, x, y) => b.node({ kind: "setop", op: "union" }, [x, y]))],
  ["cap", infix(binding.intersection, (b, x, y) => b.node({ kind: "setop", op: "intersection" }, [x, y]))],
  ["setminus", infix(binding.minus, (b, x, y) => b.node({ kind: "setop", op: "minus" }, [x, y]))],
  ["backslash", infix(binding.minus, (b, x, y) => b.node({ kind: "setop", op: "minus" }, [x, y]))],
  ["^", { ...infix(binding.power, (b, x, y) => b.node({ kind: "pow" }, [x, y])), right: true }],
  ["choose", infix(binding.relation - 1, (b, x, y) => b.node({ kind: "call", name: "binom" }, [x, y]))],
  ["over", infix(binding.relation - 1, quotient)],
]);

export const juxtaposition: Operator = infix(
  binding.juxtapose,
  (b, x, y) => {
    if (y.kind === "text") return b.node({ kind: "phrase", words: `# ${y.text}` }, [x]);
    if (x.kind === "unit" && y.kind === "number") throw new ParseError("a number behind a unit");
    return b.product(x, y);
  },
);

/** 1\frac{1}{2} is one and a half; anything else side by side is a product. */
export const mixed: Operator = infix(binding.juxtapose, (b, x, y) => {
  const whole = x.kind === "number" && x.places === null && x.value.q === 1n;
  const [p, q] = y.kind === "div" ? y.args : [];
  if (!whole || p?.kind !== "number" || q?.kind !== "number") return b.product(x, y);
  if (p.value.q !== 1n || q.value.q !== 1n || q.value.p <= 0n || p.value.p <= 0n) return b.product(x, y);
  return b.number(rational(x.value.p * q.value.p + p.value.p, q.value.p));
});

export const prefixOperators = new Map<string, Operator>([
  ["+", prefix(binding.sign, (_, x) => x)],
  ["-", prefix(binding.sign, (b, x) => b.negative(x))],
  ["pm", prefix(binding.sign, (b, x) => b.node({ kind: "plusminus", sign: 1 }, [x]))],
  ["neg", prefix(binding.sign, (b, x) => b.node({ kind: "call", name: "not" }, [x]))],
  ["mp", prefix(binding.sign, (b, x) => b.node({ kind: "plusminus", sign: -1 }, [x]))],
]);

/** Chains such as a < b < c become one node. */
export function relation(op: RelationOp): Operator {
  return infix(binding.relation, (b, x, y) => {
    if (x.kind === "relation") return b.node({ kind: "relation", ops: [...x.ops, op] }, [...x.args, y]);
    if (op === "superset") return b.node({ kind: "relation", ops: ["subset"] }, [y, x]);
    return b.node({ kind: "relation", ops: [op] }, [x, y]);
  });
}

/** A function with its optional exponent (`\sin^2`) and base or index (`\log_2`). */
export function call(name: string, exponent: Node | null, base: Node | null): Operator {
  const operator = prefix(binding.call, (b, operand) => {
    const args = operand.kind === "tuple" || operand.kind === "list" ? operand.args : [operand];
    const inverse = exponent?.kind === "number" && exponent.value.p === -1n && exponent.value.q === 1n;
    if (inverse && /^(sin|cos|tan|cot|sec|csc|sinh|cosh|tanh)$/.test(name)) {
      return b.node({ kind: "call", name: `a${name}` }, args);
    }
    const applied = application(b, name, args, base);
    return exponent === null ? applied : b.node({ kind: "pow" }, [applied, exponent]);
  });
  return { ...operator, isFunction: true };
}

function application(b: Builder, name: string, args: readonly Node[], base: Node | null): Node {
  const [first] = args;
  if (first === undefined) throw new ParseError(`${name} without an argument`);
  if (name === "exp") return b.node({ kind: "pow" }, [b.node({ kind: "constant", name: "e" }), first]);
  if (name === "cbrt") return b.node({ kind: "root" }, [first, b.number(rational(3n))]);
  if (name === "lg") return b.node({ kind: "call", name: "log" }, [first, b.number(rational(10n))]);
  if (base !== null && name === "log") return b.node({ kind: "call", name }, [first, base]);
  return b.node({ kind: "call", name }, args);
}

/** `\sum_{k=1}^{n}` and its kin; the body is everything up to the next sum or relation sign. */
export function big(op: "sum" | "prod" | "int" | "lim", lower: Node | null, upper: Node | null): Operator {
  return prefix(binding.big, (b, body) => {
    if (op === "int") return integral(b, body, lower, upper);
    const [name, from] = lower?.kind === "relation" && lower.args.length === 2 ? lower.args : [];
    const index = name?.kind === "symbol" || name?.kind === "constant" ? name.name : null;
    if (index === null || from === undefined) throw new ParseError(`${op} without an index`);
    if (op === "lim") return b.node({ kind: "big", op, index }, [body, from]);
    if (upper === null) throw new ParseError(`${op} without an upper bound`);
    return b.node({ kind: "big", op, index }, [body, from, upper]);
  });
}

/** The body of an integral ends with its differential, read as a product of `d` and the variable. */
function integral(b: Builder, body: Node, lower: Node | null, upper: Node | null): Node {
  const factors = body.kind === "mul" ? body.args : [body];
  const last = factors.at(-1);
  const differential = factors.at(-2);
  if (last?.kind !== "symbol" || differential?.kind !== "symbol" || differential.name !== "d") {
    throw new ParseError("an integral without its differential");
  }
  if (lower === null || upper === null) throw new ParseError("an integral without bounds");
  const rest = factors.slice(0, -2);
  const integrand = rest.length === 0
    ? b.number(one)
    : rest.length === 1
    ? rest[0]!
    : b.node({ kind: "mul" }, rest);
  return b.node({ kind: "big", op: "int", index: last.name }, [integrand, lower, upper]);
}
