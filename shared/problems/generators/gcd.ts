// Greatest common divisor by Euclid's algorithm: `48,18` is `48%18=12;18%12=6;12%6=0`, answer 6.
// Both numbers are 2 to 199, the larger one first. From level 3 on the divisor is above 1: a constant 1 would be
// right too often.

import { type GeneratedFamily, joined, numbers } from "./family.ts";

export const gcd: GeneratedFamily = {
  question(random, level) {
    for (;;) {
      const a = random.between(3, 199);
      const b = random.between(2, a - 1);
      const { steps, divisor } = euclid(a, b);
      if (steps === level && (level < 3 || divisor > 1)) return `${a},${b}`;
    }
  },

  solve(question, slip) {
    let [a, b] = numbers(question) as [number, number];
    const steps: string[] = [];
    while (b > 0) {
      const remainder = slip(a % b, 0, b - 1);
      steps.push(`${a}%${b}=${remainder}`);
      [a, b] = [b, remainder];
    }
    return { steps: joined(steps), answer: String(a) };
  },
};

function euclid(a: number, b: number): { steps: number; divisor: number } {
  let steps = 0;
  for (; b > 0; steps++) [a, b] = [b, a % b];
  return { steps, divisor: a };
}
