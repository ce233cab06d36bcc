// Values of the named functions; `value` gives the value of an argument at the sample point.

import type { Node } from "../tree/node.ts";
import * as complex from "./complex.ts";
import type { Complex } from "./complex.ts";
import type { Fuel } from "../tree/fuel.ts";

const degree = complex.divide(complex.pi, complex.fromRational({ p: 180n, q: 1n }))!;

/** The value of an argument, or null. */
type Value = (node: Node) => Complex | null;

function argument(node: Node, value: Value): Complex | null {
  const number = value(node);
  if (number === null) return null;
  return hasDegree(node) ? complex.multiply(number, degree) : number;
}

function hasDegree(node: Node): boolean {
  if (node.kind === "degree") return true;
  if (node.kind === "add") return node.args.every(hasDegree);
  return node.kind === "mul" || node.kind === "div" ? node.args.some(hasDegree) : false;
}

/** The value of a named function, or null. */
export function call(name: string, args: readonly Node[], value: Value, fuel: Fuel): Complex | null {
  const trigonometric = /^(sin|cos|tan|cot|sec|csc)$/.test(name);
  const a = trigonometric ? argument(args[0]!, value) : value(args[0]!);
  if (a === null) return null;
  fuel.spend(100);
  const { divide, one, add, multiply, negate, half } = complex;
  switch (name) {
    case "sin":
      return complex.sinCos(a)[0];
    case "cos":
      return complex.sinCos(a)[1];
    case "tan":
      return divide(...complex.sinCos(a));
    case "cot": {
      const [sine, cosine] = complex.sinCos(a);
      return divide(cosine, sine);
    }
    case "sec":
      return divide(one, complex.sinCos(a)[1]);
    case "csc":
      return divide(one, complex.sinCos(a)[0]);
    case "ln":
      return complex.log(a);
    case "log":
      return logarithm(a, args[1], value);
    case "abs":
      return absolute(a);
    case "sinh":
    case "cosh":
    case "tanh":
    case "coth":
    case "sech":
    case "csch": {
      const [up, down] = [complex.exp(a), complex.exp(negate(a))];
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
      const inner = complex.sqrt(add(multiply(a, a), name === "asinh" ? one : negate(one)));
      return inner === null ? null : complex.log(add(a, inner));
    }
    case "atanh": {
      const quotient = divide(add(one, a), add(one, negate(a)));
      const twice = quotient === null ? null : complex.log(quotient);
      return twice === null ? null : half(twice);
    }
    case "re":
      return complex.real(a.re, a.error);
    case "im":
      return complex.real(a.im, a.error);
    case "arg":
      return complex.mayBeZero(a)
        ? null
        : complex.angle(complex.real(a.im, a.error), complex.real(a.re, a.error));
  }
  return discrete(name, a, args, value, fuel);
}

function logarithm(a: Complex, base: Node | undefined, value: Value): Complex | null {
  const b = base === undefined ? complex.fromRational({ p: 10n, q: 1n }) : value(base);
  const [above, below] = [complex.log(a), b === null ? null : complex.log(b)];
  return above === null || below === null ? null : complex.divide(above, below);
}

function absolute(a: Complex): Complex | null {
  if (a.im === 0n) return a.re < 0n ? complex.negate(a) : a;
  return complex.sqrt(complex.real(complex.multiply(a, { ...a, im: -a.im }).re, magnitudeError(a)));
}
const magnitudeError = (a: Complex): number => complex.magnitude(a) * a.error * 2 + 4;

/** Inverse trigonometric functions of real arguments inside their domain. */
function inverse(name: string, a: Complex): Complex | null {
  if (a.im !== 0n) return null;
  if (name === "atan") return complex.angle(a, complex.one);
  if (name === "acot") {
    return complex.angle(complex.one, a);
  }
  if (name === "asec" || name === "acsc") {
    const reciprocal = complex.divide(complex.one, a);
    return reciprocal === null ? null : inverse(name === "asec" ? "acos" : "asin", reciprocal);
  }
  const other = complex.sqrt(complex.add(complex.one, complex.negate(complex.multiply(a, a))));
  if (other === null || other.im !== 0n) return null;
  return name === "asin" ? complex.angle(a, other) : complex.angle(other, a);
}

/** Functions with jumps; a value too close to a jump has no answer. */
function discrete(name: string, a: Complex, args: readonly Node[], value: Value, fuel: Fuel): Complex | null {
  if (!complex.isReal(a)) return null;
  const width = BigInt(Math.ceil(Math.min(a.error, 2 ** 200)));
  if (name === "floor" || name === "ceil") {
    const bits = BigInt(256);
    const [low, high] = [(a.re - width) >> bits, (a.re + width) >> bits];
    if (low !== high) return null;
    return complex.real((name === "floor" ? low : low + 1n) << bits, 0);
  }
  if (name === "factorial" || name === "binom" || name === "gamma") {
    const [n, k] = [integerOf(a), name === "binom" ? integerOf(value(args[1]!)) : 0];
    if (n === null || k === null || n > 200 || n < 0 || k < 0) return null;
    fuel.spend(n);
    let product = complex.one.re;
    if (name === "binom") { for (let j = 0; j < k; j++) product = product * BigInt(n - j) / BigInt(j + 1); }
    else for (let j = 2; j <= (name === "gamma" ? n - 1 : n); j++) product *= BigInt(j);
    return name === "gamma" && n === 0 ? null : complex.real(product, 0);
  }
  if (name === "sgn") {
    return complex.mayBeZero(a) ? null : a.re > 0n ? complex.one : complex.negate(complex.one);
  }
  if (name === "max" || name === "min") {
    let best = a;
    for (const arg of args.slice(1)) {
      const other = value(arg);
      if (other === null || !complex.isReal(other)) return null;
      if (other.re > best.re === (name === "max")) best = other;
    }
    return best;
  }
  return null;
}

/** The integer that a ball is exactly, or null. */
function integerOf(a: Complex | null): number | null {
  if (a === null || a.error !== 0 || a.im !== 0n || a.re % complex.one.re !== 0n) return null;
  return Number(a.re / complex.one.re);
}
