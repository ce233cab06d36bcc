// Fractions in lowest terms: `60/36` is `30/18;15/9;5/3`. Each step divides both numbers by the smallest of 2, 3, 5
// that divides them; the last step is the answer. Both numbers are at most 399.

import { type GeneratedFamily, joined, numbers } from "./family.ts";

const LARGEST = 399;
const PRIMES = [2, 3, 5];

export const fraction: GeneratedFamily = {
  question(random, level) {
    for (;;) {
      let factor = 1;
      for (let step = 0; step < level; step++) factor *= random.pick(PRIMES);
      const largest = Math.min(40, Math.floor(LARGEST / factor));
      if (largest < 2) continue;
      const n = random.between(1, largest);
      const d = random.between(2, largest);
      if (coprime(n, d)) return `${n * factor}/${d * factor}`;
    }
  },

  solve(question, slip) {
    let [n, d] = numbers(question) as [number, number];
    const steps: string[] = [];
    for (;;) {
      const prime = PRIMES.find((p) => n % p === 0 && d % p === 0);
      if (prime === undefined) return { steps: joined(steps), answer: `${n}/${d}` };
      // A slip hits the upper number in the odd steps and the lower one in the even ones; both always shrink.
      if (steps.length % 2 === 0) [n, d] = [slip(n / prime, 1, n - 1), d / prime];
      else [n, d] = [n / prime, slip(d / prime, 1, d - 1)];
      steps.push(`${n}/${d}`);
    }
  },
};

function coprime(a: number, b: number): boolean {
  while (b > 0) [a, b] = [b, a % b];
  return a === 1;
}
