// Matrices and column vectors, entry by entry.

import type { Node } from "../tree/node.ts";
import { simplifyMatrix } from "../tree/matrix.ts";
import { type Answer, answer } from "../values/identity.ts";
import { type Context, differentKinds } from "./context.ts";
import { pairwise } from "./pairing.ts";
import { compareScalars } from "./scalars.ts";

export function compareMatrices(gold: Node, given: Node, context: Context): Answer {
  const { builder } = context;
  const column = (node: Node): Node => {
    if (node.kind !== "tuple") return node;
    const width = node.args[0]!.kind === "tuple" ? node.args[0]!.args.length : 0;
    if (width > 0 && node.args.every((row) => row.kind === "tuple" && row.args.length === width)) {
      return builder.node(
        { kind: "matrix", rows: node.args.length, columns: width },
        node.args.flatMap((row) => row.args),
      );
    }
    return builder.node({ kind: "matrix", rows: node.args.length, columns: 1 }, node.args);
  };
  const [g, p] = [simplifyMatrix(column(gold), builder), simplifyMatrix(column(given), builder)];
  if (g === null || p === null) {
    return answer("undecided", "none", "a matrix expression that could not be computed");
  }
  if (g.kind !== "matrix" && p.kind !== "matrix") return compareScalars(g, p, context);
  if (g.kind !== "matrix" || p.kind !== "matrix") return differentKinds();
  if (
    context.rules.form === "literal" && gold.kind === "matrix" && given.kind !== "matrix" &&
    given.kind !== "tuple" && !isTransposed(given)
  ) {
    return answer(false, "structure", "an expression where a matrix is asked");
  }
  if (g.rows !== p.rows || g.columns !== p.columns) return answer(false, "structure", "another size");
  return pairwise(g.args, p.args, context);
}

const isTransposed = (node: Node): boolean =>
  node.kind === "pow" && node.args[0]!.kind === "matrix" && node.args[1]!.kind === "symbol";
