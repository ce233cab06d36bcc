// Pairs of answers that are equal by construction, or differ by one edit. Imports nothing from the verifier.

import { type Expression, latex, Random, randomExpression } from "./expression.ts";
import { numerically, perturbed, rewritten } from "./rewrite.ts";

/** `equal` false: the answers have clearly different values. */
export type Pair = { a: string; b: string; equal: boolean; kind: string };

const shuffled = <T>(items: readonly T[], random: Random): T[] => {
  const left = [...items];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(random.below(left.length), 1));
  return result;
};

/** An expression, the same after some identities, and the same after one edit on top of them, if it matters. */
function triple(random: Random, depth: number): { a: Expression; b: Expression; c: Expression | null } {
  const names = random.next() < 0.4 ? [] : random.next() < 0.5 ? ["x"] : ["x", "y"];
  while (true) {
    const a = randomExpression(random, depth, names);
    const b = rewritten(a, random.below(5) + 1, random);
    if (numerically(a, b) !== "same") continue;
    for (let tries = 0; tries < 5; tries++) {
      const c = perturbed(b, random);
      if (numerically(a, c) === "different") return { a, b, c };
    }
    return { a, b, c: null };
  }
}

/** A pair that is equal and, where one edit changes the value, one that is not. */
function* scalar(random: Random): Generator<Pair> {
  const { a, b, c } = triple(random, random.below(3) + 1);
  const gold = latex(a, random);
  yield { a: gold, b: latex(b, random), equal: true, kind: "scalar" };
  if (c !== null) yield { a: gold, b: latex(c, random), equal: false, kind: "scalar" };
}

/** Lists, sets, tuples, matrices and equations of expressions. */
function* structured(random: Random): Generator<Pair> {
  const parts = Array.from({ length: random.below(3) + 2 }, () => triple(random, 1));
  const index = random.below(parts.length);
  const golds = parts.map((part) => latex(part.a, random));
  const rights = parts.map((part) => latex(part.b, random));
  const wrongs = parts.map((part, i) => i === index && part.c !== null ? latex(part.c, random) : rights[i]!);
  // An edited element may happen to equal another one, so only ordered structures are perturbed.
  const different = parts[index]!.c !== null;
  switch (random.below(4)) {
    case 0:
      return yield {
        a: `\\{${golds.join(", ")}\\}`,
        b: `\\{${shuffled(rights, random).join(", ")}\\}`,
        equal: true,
        kind: "set",
      };
    case 1: {
      const tuple = (items: string[]): string => `\\left(${items.join(", ")}\\right)`;
      yield { a: tuple(golds), b: tuple(rights), equal: true, kind: "tuple" };
      if (different) yield { a: tuple(golds), b: tuple(wrongs), equal: false, kind: "tuple" };
      return;
    }
    case 2: {
      const column = (items: string[]): string => `\\begin{pmatrix}${items.join(" \\\\ ")}\\end{pmatrix}`;
      yield { a: column(golds), b: column(rights), equal: true, kind: "matrix" };
      if (different) yield { a: column(golds), b: column(wrongs), equal: false, kind: "matrix" };
      return;
    }
    default: {
      const { a, b, c } = triple(random, 2);
      yield { a: `z = ${latex(a, random)}`, b: `${latex(b, random)} = z`, equal: true, kind: "equation" };
      if (c !== null) {
        yield { a: `z = ${latex(a, random)}`, b: `z = ${latex(c, random)}`, equal: false, kind: "equation" };
      }
    }
  }
}

/** At least `count` pairs; the same seed gives the same pairs. */
export function* pairs(count: number, seed: number): Generator<Pair> {
  const random = new Random(seed);
  for (let made = 0; made < count;) {
    for (const pair of random.next() < 0.85 ? scalar(random) : structured(random)) {
      if (pair.a.length + pair.b.length > 1500) continue;
      yield pair;
      made++;
    }
  }
}
