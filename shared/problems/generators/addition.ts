// Written addition, digit by digit from the right with the carry: `665+588` is `5+8+0=13;6+8+1=15;6+5+1=12`.
// The level is the number of digits; the answer reads the last result and the earlier last digits: 1253.

import { type GeneratedFamily, joined } from "./family.ts";

export const addition: GeneratedFamily = {
  question(random, level) {
    const low = 10 ** (level - 1);
    return `${random.between(low, 10 * low - 1)}+${random.between(low, 10 * low - 1)}`;
  },

  solve(question, slip) {
    const [a, b] = question.split("+") as [string, string];
    let carry = 0;
    let answer = "";
    const steps: string[] = [];
    for (let i = a.length - 1; i >= 0; i--) {
      const result = slip(Number(a[i]) + Number(b[i]) + carry, 0, 19);
      steps.push(`${a[i]}+${b[i]}+${carry}=${result}`);
      carry = Math.floor(result / 10);
      answer = `${i === 0 ? result : result % 10}${answer}`;
    }
    return { steps: joined(steps), answer: String(Number(answer)) };
  },
};
