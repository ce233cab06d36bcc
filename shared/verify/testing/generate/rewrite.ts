// Exact identities and one-edit perturbations of random expressions. Imports nothing from the verifier.

import { binary, evaluate, type Expression, int, pow, type Random, unary } from "./expression.ts";

/** Identities that hold wherever both sides are defined; null where one does not apply. */
const identities: ((x: Expression, random: Random) => Expression | null)[] = [
  (x) => x.op === "add" || x.op === "mul" ? binary(x.op, x.b, x.a) : null,
  (x) => x.op === "sub" ? binary("add", x.a, unary("neg", x.b)) : null,
  (x) => x.op === "sub" ? unary("neg", binary("sub", x.b, x.a)) : null,
  (x) => x.op === "add" && x.a.op === "add" ? binary("add", x.a.a, binary("add", x.a.b, x.b)) : null,
  (x) => x.op === "mul" && x.a.op === "mul" ? binary("mul", x.a.a, binary("mul", x.a.b, x.b)) : null,
  (x) =>
    x.op === "mul" && (x.b.op === "add" || x.b.op === "sub")
      ? binary(x.b.op, binary("mul", x.a, x.b.a), binary("mul", x.a, x.b.b))
      : null,
  (x) =>
    x.op === "div" && (x.a.op === "add" || x.a.op === "sub")
      ? binary(x.a.op, binary("div", x.a.a, x.b), binary("div", x.a.b, x.b))
      : null,
  (x, random) => {
    if (x.op !== "div") return null;
    const k = int(random.below(7) + 2);
    return binary("div", binary("mul", k, x.a), binary("mul", x.b, k));
  },
  (x) => x.op === "div" ? binary("mul", x.a, binary("div", int(1), x.b)) : null,
  (x) => x.op === "pow" && x.n > 2 ? binary("mul", x.a, pow(x.a, x.n - 1)) : null,
  (x) => x.op === "pow" && x.n === 2 ? binary("mul", x.a, x.a) : null,
  (x) =>
    x.op === "pow" && x.n === 2 && (x.a.op === "add" || x.a.op === "sub")
      ? binary(
        "add",
        binary(x.a.op, pow(x.a.a, 2), binary("mul", int(2), binary("mul", x.a.a, x.a.b))),
        pow(x.a.b, 2),
      )
      : null,
  (x, random) => {
    if (x.op !== "int" || x.value > 999) return null;
    const part = random.below(40) + 1;
    return x.value > part
      ? binary("add", int(x.value - part), int(part))
      : binary("sub", int(x.value + part), int(part));
  },
  (x, random) => {
    if (x.op !== "int" || x.value > 999) return null;
    const k = random.below(8) + 2;
    return binary("div", int(x.value * k), int(k));
  },
  (x) => x.op === "int" && x.value <= 30 ? unary("sqrt", int(x.value * x.value)) : null,
  (x, random) => {
    if (x.op !== "sqrt") return null;
    const k = random.below(5) + 2;
    return binary("div", unary("sqrt", binary("mul", int(k * k), x.a)), int(k));
  },
  (x) => x.op === "sin" ? unary("neg", unary("sin", unary("neg", x.a))) : null,
  (x) =>
    x.op === "cos"
      ? binary("sub", int(1), binary("mul", int(2), pow(unary("sin", binary("div", x.a, int(2))), 2)))
      : null,
  (x) =>
    x.op === "sin"
      ? binary(
        "mul",
        int(2),
        binary("mul", unary("sin", binary("div", x.a, int(2))), unary("cos", binary("div", x.a, int(2)))),
      )
      : null,
  (x) => x.op === "ln" ? binary("mul", int(2), unary("ln", unary("sqrt", x.a))) : null,
  (x) => x.op === "exp" ? pow(unary("exp", binary("div", x.a, int(2))), 2) : null,
  (x) =>
    binary(
      "mul",
      x,
      binary(
        "add",
        pow(unary("sin", { op: "var", name: "x" }), 2),
        pow(unary("cos", { op: "var", name: "x" }), 2),
      ),
    ),
  (x, random) => {
    const k = int(random.below(50) + 1);
    return binary("sub", binary("add", x, k), k);
  },
  (x) => unary("neg", unary("neg", x)),
];

function size(x: Expression): number {
  return 1 + ("a" in x ? size(x.a) : 0) + ("b" in x ? size(x.b) : 0);
}

/** Applies `change` to the node with the given number in preorder; null when it does not apply there. */
function atNode(
  x: Expression,
  index: number,
  change: (x: Expression) => Expression | null,
): Expression | null {
  if (index === 0) return change(x);
  if (!("a" in x)) return null;
  const left = size(x.a);
  if (index <= left) {
    const a = atNode(x.a, index - 1, change);
    return a === null ? null : { ...x, a };
  }
  if (!("b" in x)) return null;
  const b = atNode(x.b, index - 1 - left, change);
  return b === null ? null : { ...x, b };
}

/** The expression after `count` random identities at random places; it stays below 60 nodes. */
export function rewritten(x: Expression, count: number, random: Random): Expression {
  let result = x;
  for (let done = 0, tries = 0; done < count && tries < 100; tries++) {
    const identity = random.pick(identities);
    const next = atNode(result, random.below(size(result)), (node) => identity(node, random));
    if (next === null || size(next) > 60) continue;
    result = next;
    done++;
  }
  return result;
}

/** The expression with one edit: a number, a sign, an operation, a name or an exponent changed. */
export function perturbed(x: Expression, random: Random): Expression {
  while (true) {
    const next = atNode(x, random.below(size(x)), (node): Expression | null => {
      switch (node.op) {
        case "int":
          return int(Math.max(0, node.value + random.pick([-1, 1, 2, 10])));
        case "var":
          return { op: "var", name: node.name === "x" ? "y" : "x" };
        case "add":
        case "sub":
          return { ...node, op: random.pick(["add", "sub", "mul"] as const) };
        case "mul":
        case "div":
          return { ...node, op: random.pick(["add", "div", "mul"] as const) };
        case "pow":
          return { ...node, n: node.n + 1 };
        case "neg":
          return node.a;
        case "sin":
        case "cos":
          return { ...node, op: node.op === "sin" ? "cos" : "sin" };
        default:
          return null;
      }
    });
    if (next !== null) return next;
  }
}

/** Points at which two expressions are compared: positive and negative. */
const samples = [[0.7312, 1.9173], [1.3791, 0.5487], [-0.6713, 1.4142], [2.2361, -1.1731], [
  -1.7771,
  -0.3517,
]] as const;

/**
 * Compares values at several points: "same" within rounding, "different" clearly at one of them, or "unclear":
 * undefined everywhere, too large, or too close to tell with doubles.
 */
export function numerically(a: Expression, b: Expression): "same" | "different" | "unclear" {
  let defined = 0;
  let close = 0;
  for (const [x, y] of samples) {
    const at = new Map([["x", x], ["y", y]]);
    const [u, v] = [evaluate(a, at), evaluate(b, at)];
    if (!Number.isFinite(u) || !Number.isFinite(v) || Math.abs(u) > 1e12 || Math.abs(v) > 1e12) continue;
    defined++;
    const distance = Math.abs(u - v) / Math.max(Math.abs(u), Math.abs(v), 1e-3);
    if (distance > 1e-4) return "different";
    if (distance < 1e-8) close++;
  }
  return defined >= 2 && close === defined ? "same" : "unclear";
}
