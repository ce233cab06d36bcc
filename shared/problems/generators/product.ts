// Products modulo 23, from the left: `7*4*9` is `7*4=5;5*9=22`. Factors are 2 to 9.
// 23 is prime, so a product is never 0, and unlike modulo 10 the answer is spread evenly and cannot be guessed.

import { type GeneratedFamily, joined, numbers } from "./family.ts";

const MODULUS = 23;

export const product: GeneratedFamily = {
  question(random, level) {
    return Array.from({ length: level + 1 }, () => random.between(2, 9)).join("*");
  },

  solve(question, slip) {
    let [value, ...factors] = numbers(question) as [number, ...number[]];
    const steps = factors.map((factor) => {
      const result = slip(value * factor % MODULUS, 1, MODULUS - 1);
      const step = `${value}*${factor}=${result}`;
      value = result;
      return step;
    });
    return { steps: joined(steps), answer: String(value) };
  },
};
