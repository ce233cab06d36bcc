// Fingerprints: a tree evaluated modulo a 61-bit prime at random residues (Schwartz-Zippel).
// Different fingerprints prove two rational expressions different; equal ones make them equal up to a chance of
// about degree / 2^61 for each prime. Exponents live modulo p - 1, and towers of powers modulo its iterated totients.

import type { Node } from "../tree/node.ts";
import { exact, UndefinedError } from "./exact.ts";
import { type Fuel, LimitError, limits } from "../tree/fuel.ts";
import { key } from "../tree/key.ts";
import type { Rational } from "../tree/rational.ts";

/** p, phi(p), phi(phi(p)), ... for p = 4r + 3 with 2r + 1 and r prime too, so that no small order hides a difference. */
export const totients: readonly (readonly bigint[])[] = [
  [
    2305843009213603799n,
    2305843009213603798n,
    1152921504606801898n,
    576460752303400948n,
    272218715652844800n,
  ],
  [
    2305843009209490679n,
    2305843009209490678n,
    1152921504604745338n,
    576460752302372668n,
    288230376151186332n,
  ],
];

/** A residue, and whether the tree was evaluated exactly: without atoms replaced by random residues. */
type Print = { residue: bigint; exact: boolean };

class NoInverse extends Error {}

/**
 * "equal", "different", or null when fingerprints cannot tell: an expression is undefined at the chosen residues, or
 * holds parts (roots, transcendental functions) that the residues only stand in for.
 */
export function fingerprints(a: Node, b: Node, fuel: Fuel): "equal" | "different" | null {
  for (const chain of totients) {
    let prints: [Print, Print];
    try {
      prints = [print(a, chain, fuel), print(b, chain, fuel)];
    } catch (error) {
      if (error instanceof NoInverse || error instanceof UndefinedError) return null;
      if (error instanceof LimitError && error.limit !== "fuel") return null;
      throw error;
    }
    if (prints[0].residue !== prints[1].residue) {
      return prints[0].exact && prints[1].exact ? "different" : null;
    }
  }
  return "equal";
}

/** A fixed pseudo-random residue for a name (FNV-1a, twice). */
function residueOf(name: string, p: bigint): bigint {
  let high = 0x811c9dc5;
  let low = 0x9747b28c ^ Number(p & 0xffffn);
  for (let i = 0; i < name.length; i++) {
    high = Math.imul(high ^ name.charCodeAt(i), 0x01000193);
    low = Math.imul(low ^ name.charCodeAt(i) ^ (high >>> 13), 0x85ebca6b);
  }
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)) % p;
}

const mod = (a: bigint, p: bigint): bigint => {
  const r = a % p;
  return r < 0n ? r + p : r;
};

/** a^n mod m for n >= 0. */
export function modularPower(a: bigint, n: bigint, m: bigint): bigint {
  let result = 1n % m;
  let base = a % m;
  for (let k = n; k > 0n; k >>= 1n) {
    if ((k & 1n) === 1n) result = result * base % m;
    base = base * base % m;
  }
  return result;
}

function inverse(a: bigint, p: bigint): bigint {
  if (a % p === 0n) throw new NoInverse("zero");
  return modularPower(a, p - 2n, p);
}

function fraction(value: Rational, p: bigint): bigint {
  return value.q === 1n ? mod(value.p, p) : mod(value.p, p) * inverse(value.q, p) % p;
}

function print(node: Node, chain: readonly bigint[], fuel: Fuel): Print {
  fuel.spend(1);
  const p = chain[0]!;
  switch (node.kind) {
    case "number":
      return { residue: fraction(node.value, p), exact: true };
    case "symbol":
      return { residue: residueOf(node.name, p), exact: true };
    case "unit":
    case "degree":
      return print(node.args[0]!, chain, fuel);
    case "percent": {
      const inner = print(node.args[0]!, chain, fuel);
      return { ...inner, residue: inner.residue * inverse(100n, p) % p };
    }
    case "add":
    case "mul": {
      let residue = node.kind === "add" ? 0n : 1n;
      let all = true;
      for (const arg of node.args) {
        const part = print(arg, chain, fuel);
        residue = node.kind === "add" ? (residue + part.residue) % p : residue * part.residue % p;
        all &&= part.exact;
      }
      return { residue, exact: all };
    }
    case "div": {
      const [a, b] = [print(node.args[0]!, chain, fuel), print(node.args[1]!, chain, fuel)];
      fuel.spend(40);
      return { residue: a.residue * inverse(b.residue, p) % p, exact: a.exact && b.exact };
    }
    case "pow":
      return power(node, chain, fuel);
    case "call":
      if (node.name === "factorial" || node.name === "binom") return combinatorial(node, p, fuel);
  }
  const value = exactOrNull(node, fuel);
  if (value !== null) return { residue: fraction(value, p), exact: true };
  return { residue: residueOf(key(node, fuel), p), exact: false };
}

function power(node: Node, chain: readonly bigint[], fuel: Fuel): Print {
  const [base, exponent] = [node.args[0]!, node.args[1]!];
  const p = chain[0]!;
  const opaque = (): Print => ({ residue: residueOf(key(node, fuel), p), exact: false });
  if (base.kind === "constant") return opaque();
  const value = exactOrNull(exponent, fuel);
  if (value !== null && value.q !== 1n) {
    const whole = exactOrNull(node, fuel);
    return whole === null ? opaque() : { residue: fraction(whole, p), exact: true };
  }
  const print0 = print(base, chain, fuel);
  if (print0.residue === 0n) throw new NoInverse("zero");
  fuel.spend(40);
  if (value !== null) {
    return { residue: modularPower(print0.residue, mod(value.p, p - 1n), p), exact: print0.exact };
  }
  const tower = towerResidue(exponent, chain, 1, fuel);
  return tower === null ? opaque() : { residue: modularPower(print0.residue, tower, p), exact: print0.exact };
}

function exactOrNull(node: Node, fuel: Fuel): Rational | null {
  try {
    return exact(node, fuel);
  } catch (error) {
    if (error instanceof LimitError && error.limit !== "fuel") return null;
    throw error;
  }
}

/**
 * An integer expression too long to write down, modulo chain[level]; null when it is not one.
 * For a power a^n with n >= log2 m, a^n = a^(n mod phi(m) + phi(m)) mod m also where a and m share factors.
 */
function towerResidue(node: Node, chain: readonly bigint[], level: number, fuel: Fuel): bigint | null {
  const m = chain[level];
  if (m === undefined) return null;
  fuel.spend(2);
  const value = exactOrNull(node, fuel);
  if (value !== null) return value.q === 1n ? mod(value.p, m) : null;
  if (node.kind === "add" || node.kind === "mul") {
    let total = node.kind === "add" ? 0n : 1n;
    for (const arg of node.args) {
      const part = towerResidue(arg, chain, level, fuel);
      if (part === null) return null;
      total = node.kind === "add" ? (total + part) % m : total * part % m;
    }
    return total;
  }
  if (node.kind !== "pow") return null;
  const base = towerResidue(node.args[0]!, chain, level, fuel);
  const phi = chain[level + 1];
  if (base === null || phi === undefined) return null;
  const small = exactOrNull(node.args[1]!, fuel);
  if (small !== null && (small.q !== 1n || small.p < 0n)) return null;
  const exponent = small !== null ? small.p : towerResidue(node.args[1]!, chain, level + 1, fuel);
  fuel.spend(40);
  if (exponent === null) return null;
  return modularPower(base, small !== null && small.p < 64n ? small.p : exponent % phi + phi, m);
}

/** Factorials and binomials too long to write down, as running products. */
function combinatorial(node: Node & { kind: "call" }, p: bigint, fuel: Fuel): Print {
  const args = node.args.map((arg) => exactOrNull(arg, fuel));
  const [n, k] = args;
  const opaque = { residue: residueOf(key(node, fuel), p), exact: false };
  if (n === null || n === undefined || n.q !== 1n || n.p < 0n) return opaque;
  const most = BigInt(limits.fuel);
  if (node.name === "factorial") {
    if (n.p > most) throw new LimitError("terms");
    fuel.spend(Number(n.p));
    let product = 1n;
    for (let j = 2n; j <= n.p; j++) product = product * j % p;
    return { residue: product, exact: true };
  }
  if (k === null || k === undefined || k.q !== 1n || k.p < 0n || k.p > n.p) return opaque;
  const steps = n.p - k.p < k.p ? n.p - k.p : k.p;
  if (steps > most / 2n) throw new LimitError("terms");
  fuel.spend(Number(steps) * 2);
  let [above, below] = [1n, 1n];
  for (let j = 1n; j <= steps; j++) {
    above = above * ((n.p - steps + j) % p) % p;
    below = below * j % p;
  }
  return { residue: above * inverse(below, p) % p, exact: true };
}
