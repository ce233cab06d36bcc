// Values of the named functions at a sample point.

import type { Node } from "./ast.ts";
import * as balls from "./ball.ts";
import type { Ball } from "./ball.ts";
import type { Fuel } from "./fuel.ts";
import { evaluate, type Point } from "./numeric.ts";

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

/** The value of a named function, or null. */
export function call(name: string, args: readonly Node[], point: Point, fuel: Fuel): Ball | null {
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
