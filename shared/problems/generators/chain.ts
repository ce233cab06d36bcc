// Chain sums, computed from the left: `4+5+5-2` is `4+5=9;9+5=14;14-2=12`.
// The first number is 1 to 20, the others 1 to 9, and every result is 0 to 99.

import { type GeneratedFamily, joined } from "./family.ts";

export const chain: GeneratedFamily = {
  question(random, level) {
    let value = random.between(1, 20);
    let text = String(value);
    for (let step = 0; step < level; step++) {
      const operand = random.between(1, 9);
      const sign = value < operand ? "+" : random.pick(["+", "-"]);
      value += sign === "+" ? operand : -operand;
      text += sign + operand;
    }
    return text;
  },

  solve(question, slip) {
    const [first, ...terms] = question.match(/[+-]?\d+/g)!;
    let value = Number(first);
    const steps = terms.map((term, i) => {
      const rest = terms.slice(i + 1).map(Number);
      const result = slip(value + Number(term), 0, 99, (wrong) => staysLegal(wrong, rest));
      const step = `${value}${term}=${result}`;
      value = result;
      return step;
    });
    return { steps: joined(steps), answer: String(value) };
  },
};

function staysLegal(value: number, terms: readonly number[]): boolean {
  return terms.every((term) => (value += term) >= 0 && value <= 99);
}
