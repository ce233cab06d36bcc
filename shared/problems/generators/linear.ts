// Linear equations, undone from the right: `x*2+3=11` is `11-3=8;8/2=4`.
// x is 1 to 12, added and subtracted numbers 2 to 9, factors 2 to 4, and every result is 0 to 99. Brackets stand
// wherever the usual precedence needs them: `(x+3)*2=14`.

import { type GeneratedFamily, joined, numbers } from "./family.ts";

export const linear: GeneratedFamily = {
  question(random, level) {
    let value = random.between(1, 12);
    let text = "x";
    let isSum = false;
    for (let step = 0; step < level; step++) {
      const options = operations.filter(([sign, operand]) => isLegal(apply(value, sign, operand)));
      const sign = random.pick([...new Set(options.map(([sign]) => sign))]);
      const [, operand] = random.pick(options.filter((option) => option[0] === sign));
      value = apply(value, sign, operand);
      text = (sign === "*" && isSum ? `(${text})` : text) + sign + operand;
      isSum = sign !== "*";
    }
    return `${text}=${value}`;
  },

  solve(question, slip) {
    const [left, right] = question.split("=") as [string, string];
    const undo = left.match(/[+*-]/g)!.map((sign, i) => [INVERSE[sign as Sign], numbers(left)[i]!] as const)
      .reverse();
    let value = Number(right);
    const steps = undo.map(([sign, operand], i) => {
      const rest = undo.slice(i + 1);
      const result = slip(apply(value, sign, operand), 0, 99, (wrong) => canUndo(wrong, rest));
      const step = `${value}${sign}${operand}=${result}`;
      value = result;
      return step;
    });
    return { steps: joined(steps), answer: String(value) };
  },
};

type Sign = "+" | "-" | "*" | "/";
const INVERSE: Record<Sign, Sign> = { "+": "-", "-": "+", "*": "/", "/": "*" };

const operations: (readonly [Sign, number])[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [["+", n], ["-", n]] as const),
  ...[2, 3, 4].map((n) => ["*", n] as const),
];

function apply(value: number, sign: Sign, operand: number): number {
  if (sign === "+") return value + operand;
  if (sign === "-") return value - operand;
  return sign === "*" ? value * operand : value / operand;
}

function isLegal(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 99;
}

function canUndo(value: number, steps: readonly (readonly [Sign, number])[]): boolean {
  return steps.every(([sign, operand]) => isLegal(value = apply(value, sign, operand)));
}
