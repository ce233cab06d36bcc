// Matrix arithmetic on trees: sums, products, scalar multiples and powers become one matrix of expressions.

import { type Builder, type Node, type NodeOf, some } from "./node.ts";
import { limits } from "./fuel.ts";

type Matrix = NodeOf<"matrix">;

export const hasMatrix = (node: Node): boolean => some(node, (part) => part.kind === "matrix");

/** The matrix that an expression denotes, a scalar expression, or null when the sizes do not fit. */
export function simplifyMatrix(node: Node, b: Builder): Node | null {
  if (!hasMatrix(node)) return node;
  switch (node.kind) {
    case "matrix":
      return node;
    case "add":
      return fold(node.args, b, (x, y) => {
        if (x.kind !== "matrix" || y.kind !== "matrix" || x.rows !== y.rows || x.columns !== y.columns) {
          return null;
        }
        return b.with(x, x.args.map((arg, i) => b.sum(arg, y.args[i]!)));
      });
    case "mul":
      return fold(node.args, b, (x, y) => times(x, y, b));
    case "div": {
      const [x, y] = [simplifyMatrix(node.args[0]!, b), node.args[1]!];
      if (x?.kind !== "matrix" || hasMatrix(y)) return null;
      return b.with(x, x.args.map((arg) => b.node({ kind: "div" }, [arg, y])));
    }
    case "pow": {
      const [x, n] = [simplifyMatrix(node.args[0]!, b), node.args[1]!];
      if (x?.kind === "matrix" && n.kind === "symbol" && (n.name === "T" || n.name === "top")) {
        return transposed(x, b);
      }
      if (
        x?.kind !== "matrix" || n.kind !== "number" || n.value.q !== 1n || n.value.p < 1n || n.value.p > 8n
      ) return null;
      let result: Node | null = x;
      for (let k = 1n; k < n.value.p && result !== null; k++) result = times(result, x, b);
      return result;
    }
    case "call": {
      const inner = node.args.length === 1 ? simplifyMatrix(node.args[0]!, b) : null;
      if ((node.name === "det" || node.name === "abs") && inner?.kind === "matrix") {
        return determinant(inner, b);
      }
      return null;
    }
    default:
      return null;
  }
}

function transposed(x: Matrix, b: Builder): Matrix {
  const cells = Array.from(
    { length: x.columns },
    (_, j) => Array.from({ length: x.rows }, (_, i) => x.args[i * x.columns + j]!),
  );
  return b.node({ kind: "matrix", rows: x.columns, columns: x.rows }, cells.flat()) as Matrix;
}

function fold(args: readonly Node[], b: Builder, join: (x: Node, y: Node) => Node | null): Node | null {
  let result: Node | null = null;
  for (const arg of args) {
    const next = simplifyMatrix(arg, b);
    if (next === null) return null;
    const joined: Node | null = result === null ? next : join(result, next);
    if (joined === null) return null;
    result = joined;
  }
  return result;
}

function times(x: Node, y: Node, b: Builder): Node | null {
  if (x.kind !== "matrix" && y.kind !== "matrix") return b.product(x, y);
  if (x.kind !== "matrix") return b.with(y, y.args.map((arg) => b.product(x, arg)));
  if (y.kind !== "matrix") return b.with(x, x.args.map((arg) => b.product(arg, y)));
  if (x.columns !== y.rows || x.rows * y.columns > limits.nesting) return null;
  const cells: Node[] = [];
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < y.columns; j++) {
      const terms = Array.from(
        { length: x.columns },
        (_, k) => b.product(x.args[i * x.columns + k]!, y.args[k * y.columns + j]!),
      );
      cells.push(terms.reduce((s, t) => b.sum(s, t)));
    }
  }
  return b.node({ kind: "matrix", rows: x.rows, columns: y.columns }, cells);
}

/** Expansion along the first row, up to 4 x 4. */
function determinant(m: Matrix, b: Builder): Node | null {
  const n = m.rows;
  if (n !== m.columns || n > 4) return null;
  if (n === 1) return m.args[0]!;
  let total: Node | null = null;
  for (let j = 0; j < n; j++) {
    const minor = m.args.filter((_, index) => index >= n && index % n !== j);
    const inner = determinant(b.node({ kind: "matrix", rows: n - 1, columns: n - 1 }, minor) as Matrix, b);
    if (inner === null) return null;
    const term = b.product(m.args[j]!, inner);
    const signed = j % 2 === 0 ? term : b.negative(term);
    total = total === null ? signed : b.sum(total, signed);
  }
  return total;
}
