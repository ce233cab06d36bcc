// Value of a tree at a sample point, as a ball; null where it has none or cannot be computed.

import type { Node } from "./ast.ts";
import * as balls from "./ball.ts";
import type { Ball } from "./ball.ts";
import { exact, UndefinedError } from "./exact.ts";
import { type Fuel, LimitError, limits } from "./fuel.ts";
import { key } from "./key.ts";
import type { Rational } from "./rational.ts";

/** Gives every free symbol and unknown function value its number. */
export type Point = (name: string) => Ball;

/** The value at a point, or null. */
export function evaluate(node: Node, point: Point, fuel: Fuel): Ball | null {
  fuel.spend(4);
  switch (node.kind) {
    case "number":
      return balls.fromRational(node.value);
    case "symbol":
      return point(node.name);
    case "apply":
      return point(key(node, fuel));
    case "constant":
      return node.name === "pi" ? balls.pi : node.name === "e" ? balls.e : node.name === "i" ? balls.i : null;
    case "unit":
    case "degree":
      return evaluate(node.args[0]!, point, fuel);
    case "pow":
      return power(node.args[0]!, node.args[1]!, point, fuel);
    case "call":
      return call(node.name, node.args, point, fuel);
    case "big":
      return big(node, point, fuel);
    case "numeral": {
      const value = exact(node, fuel);
      return value === null ? null : balls.fromRational(value);
    }
  }
  const values: Ball[] = [];
  for (const arg of node.args) {
    const value = evaluate(arg, point, fuel);
    if (value === null) return null;
    values.push(value);
  }
  const [a, b] = values;
  switch (node.kind) {
    case "add":
      return values.reduce(balls.add);
    case "mul":
      return values.reduce(balls.multiply);
    case "div":
      return balls.divide(a!, b!);
    case "ratio":
      return values.length === 2 ? balls.divide(a!, b!) : null;
    case "percent":
      return balls.divide(a!, balls.fromRational({ p: 100n, q: 1n }));
    case "root":
      return root(a!, node.args[1]!, point, fuel);
    default:
      return null;
  }
}

/** The real root where there is one, else the principal one. */
function root(a: Ball, degree: Node, point: Point, fuel: Fuel): Ball | null {
  const n = exact(degree, fuel);
  fuel.spend(80);
  if (n === null || n.q !== 1n || n.p < 1n || n.p > 1000n) {
    const index = evaluate(degree, point, fuel);
    const inverse = index === null ? null : balls.divide(balls.one, index);
    return inverse === null ? null : general(a, inverse);
  }
  if (n.p === 2n) return balls.sqrt(a);
  const inverse = balls.fromRational({ p: 1n, q: n.p });
  if (a.im === 0n && a.re < 0n && n.p % 2n === 1n) {
    const positive = general(balls.negate(a), inverse);
    return positive === null ? null : balls.negate(positive);
  }
  return general(a, inverse);
}

function general(a: Ball, exponent: Ball): Ball | null {
  if (balls.mayBeZero(a)) return a.error === 0 && exponent.im === 0n && exponent.re > 0n ? balls.zero : null;
  const logarithm = balls.log(a);
  return logarithm === null ? null : balls.exp(balls.multiply(logarithm, exponent));
}

function power(base: Node, exponent: Node, point: Point, fuel: Fuel): Ball | null {
  const whole = smallInteger(exponent, fuel);
  if (base.kind === "constant" && base.name === "e" && whole === null) {
    const value = evaluate(exponent, point, fuel);
    fuel.spend(60);
    return value === null ? null : balls.exp(value);
  }
  const a = evaluate(base, point, fuel);
  if (a === null) return null;
  if (whole !== null) {
    fuel.spend(8 * Math.ceil(Math.log2(Math.abs(whole) + 2)));
    return balls.integerPower(a, whole);
  }
  const b = evaluate(exponent, point, fuel);
  fuel.spend(150);
  return b === null ? null : general(a, b);
}

function smallInteger(node: Node, fuel: Fuel): number | null {
  const value = node.kind === "number" ? node.value : node.depth < 8 ? exactOrNull(node, fuel) : null;
  if (value === null || value.q !== 1n || value.p > 100_000n || value.p < -100_000n) return null;
  return Number(value.p);
}

function exactOrNull(node: Node, fuel: Fuel): Rational | null {
  try {
    return exact(node, fuel);
  } catch (error) {
    if (error instanceof UndefinedError || (error instanceof LimitError && error.limit !== "fuel")) {
      return null;
    }
    throw error;
  }
}

const degree = balls.divide(balls.pi, balls.fromRational({ p: 180n, q: 1n }))!;

function argument(node: Node, point: Point, fuel: Fuel): Ball | null {
  const value = evaluate(node, point, fuel);
  if (value === null) return null;
  return hasDegree(node) ? balls.multiply(value, degree) : value;
}

function hasDegree(node: Node): boolean {
  if (node.kind === "degree") return true;
  if (node.kind === "add") return node.args.every(hasDegree);
  return node.kind === "mul" || node.kind === "div" ? node.args.some(hasDegree) : false;
}

function call(name: string, args: readonly Node[], point: Point, fuel: Fuel): Ball | null {
  const trigonometric = /^(sin|cos|tan|cot|sec|csc)$/.test(name);
  const a = trigonometric ? argument(args[0]!, point, fuel) : evaluate(args[0]!, point, fuel);
  if (a === null) return null;
  fuel.spend(100);
  const { divide, one, add, multiply, negate, half } = balls;
  switch (name) {
    case "sin":
      return balls.sinCos(a)[0];
    case "cos":
      return balls.sinCos(a)[1];
    case "tan":
      return divide(...balls.sinCos(a));
    case "cot": {
      const [sine, cosine] = balls.sinCos(a);
      return divide(cosine, sine);
    }
    case "sec":
      return divide(one, balls.sinCos(a)[1]);
    case "csc":
      return divide(one, balls.sinCos(a)[0]);
    case "ln":
      return balls.log(a);
    case "log":
      return logarithm(a, args[1], point, fuel);
    case "abs":
      return absolute(a);
    case "sinh":
    case "cosh":
    case "tanh":
    case "coth":
    case "sech":
    case "csch": {
      const [up, down] = [balls.exp(a), balls.exp(negate(a))];
      const [sine, cosine] = [half(add(up, negate(down))), half(add(up, down))];
      if (name === "sinh" || name === "cosh") return name === "sinh" ? sine : cosine;
      if (name === "tanh" || name === "coth") {
        return name === "tanh" ? divide(sine, cosine) : divide(cosine, sine);
      }
      return divide(one, name === "sech" ? cosine : sine);
    }
    case "asin":
    case "acos":
    case "atan":
    case "acot":
    case "asec":
    case "acsc":
      return inverse(name, a);
    case "asinh":
    case "acosh": {
      const inner = balls.sqrt(add(multiply(a, a), name === "asinh" ? one : negate(one)));
      return inner === null ? null : balls.log(add(a, inner));
    }
    case "atanh": {
      const quotient = divide(add(one, a), add(one, negate(a)));
      const value = quotient === null ? null : balls.log(quotient);
      return value === null ? null : half(value);
    }
    case "re":
      return balls.real(a.re, a.error);
    case "im":
      return balls.real(a.im, a.error);
    case "arg":
      return balls.mayBeZero(a) ? null : balls.angle(balls.real(a.im, a.error), balls.real(a.re, a.error));
  }
  return discrete(name, a, args, point, fuel);
}

function logarithm(a: Ball, base: Node | undefined, point: Point, fuel: Fuel): Ball | null {
  const b = base === undefined ? balls.fromRational({ p: 10n, q: 1n }) : evaluate(base, point, fuel);
  const [above, below] = [balls.log(a), b === null ? null : balls.log(b)];
  return above === null || below === null ? null : balls.divide(above, below);
}

function absolute(a: Ball): Ball | null {
  if (a.im === 0n) return a.re < 0n ? balls.negate(a) : a;
  return balls.sqrt(balls.real(balls.multiply(a, { ...a, im: -a.im }).re, magnitudeError(a)));
}
const magnitudeError = (a: Ball): number => balls.magnitude(a) * a.error * 2 + 4;

/** Inverse trigonometric functions of real arguments inside their domain. */
function inverse(name: string, a: Ball): Ball | null {
  if (a.im !== 0n) return null;
  if (name === "atan") return balls.angle(a, balls.one);
  if (name === "acot") {
    const value = balls.angle(balls.one, a);
    return value;
  }
  if (name === "asec" || name === "acsc") {
    const reciprocal = balls.divide(balls.one, a);
    return reciprocal === null ? null : inverse(name === "asec" ? "acos" : "asin", reciprocal);
  }
  const other = balls.sqrt(balls.add(balls.one, balls.negate(balls.multiply(a, a))));
  if (other === null || other.im !== 0n) return null;
  return name === "asin" ? balls.angle(a, other) : balls.angle(other, a);
}

/** Functions with jumps; a value too close to a jump has no answer. */
function discrete(name: string, a: Ball, args: readonly Node[], point: Point, fuel: Fuel): Ball | null {
  if (!balls.isReal(a)) return null;
  const width = BigInt(Math.ceil(Math.min(a.error, 2 ** 200)));
  if (name === "floor" || name === "ceil") {
    const bits = BigInt(256);
    const [low, high] = [(a.re - width) >> bits, (a.re + width) >> bits];
    if (low !== high) return null;
    return balls.real((name === "floor" ? low : low + 1n) << bits, 0);
  }
  if (name === "factorial" || name === "binom" || name === "gamma") {
    const [n, k] = [integerOf(a), name === "binom" ? integerOf(evaluate(args[1]!, point, fuel)) : 0];
    if (n === null || k === null || n > 200 || n < 0 || k < 0) return null;
    fuel.spend(n);
    let product = balls.one.re;
    if (name === "binom") { for (let j = 0; j < k; j++) product = product * BigInt(n - j) / BigInt(j + 1); }
    else for (let j = 2; j <= (name === "gamma" ? n - 1 : n); j++) product *= BigInt(j);
    return name === "gamma" && n === 0 ? null : balls.real(product, 0);
  }
  if (name === "sgn") return balls.mayBeZero(a) ? null : a.re > 0n ? balls.one : balls.negate(balls.one);
  if (name === "max" || name === "min") {
    let best = a;
    for (const arg of args.slice(1)) {
      const value = evaluate(arg, point, fuel);
      if (value === null || !balls.isReal(value)) return null;
      if (value.re > best.re === (name === "max")) best = value;
    }
    return best;
  }
  return null;
}

/** The integer that a ball is exactly, or null. */
function integerOf(a: Ball | null): number | null {
  if (a === null || a.error !== 0 || a.im !== 0n || a.re % balls.one.re !== 0n) return null;
  return Number(a.re / balls.one.re);
}

/** Sums and products whose bounds are small integers; the index is an extra point. */
function big(node: Node & { kind: "big" }, point: Point, fuel: Fuel): Ball | null {
  if (node.op === "int") return null;
  const [body, from, to] = node.args;
  if (node.op === "lim" || to === undefined) return null;
  const [lower, upper] = [smallInteger(from!, fuel), smallInteger(to, fuel)];
  if (lower === null || upper === null) return null;
  if (upper - lower >= limits.terms) throw new LimitError("terms");
  let total = node.op === "sum" ? balls.zero : balls.one;
  for (let k = lower; k <= upper; k++) {
    const index = balls.fromRational({ p: BigInt(k), q: 1n });
    const term = evaluate(body!, (name) => name === node.index ? index : point(name), fuel);
    if (term === null) return null;
    total = node.op === "sum" ? balls.add(total, term) : balls.multiply(total, term);
  }
  return total;
}
