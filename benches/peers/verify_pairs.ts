// Typical answers for the verifier's benches: the mix follows the gold answers of MATH-500: 62 % integers, then fractions,
// closed forms, symbols, lists.

export type Pair = { gold: string; completion: string };

/** Weight, gold, right answer, wrong answer; `n` makes the pair its own. */
const kinds: [number, (n: number) => [string, string, string]][] = [
  [62, (n) => [`${n}`, n % 3 === 0 ? `${n}.0` : `${n}`, `${n + 1}`]],
  [11, (n) => [`\\frac{${n}}{7}`, `${n}/7`, `\\dfrac{${n}}{9}`]],
  [6, (n) => [`${n}\\sqrt{3}`, `\\sqrt{${3 * n * n}}`, `${n}\\sqrt{2}`]],
  [4, (n) => [`x^2+${n}x+1`, `1+${n}x+x^2`, `x^2+${n + 1}x+1`]],
  [3, (n) => [`${n}^\\circ`, `${n}`, `${n + 2}^{\\circ}`]],
  [3, (n) => [`(${n}, -1)`, `\\left(${n},-1\\right)`, `(${n}, 1)`]],
  [3, (n) => [`${n}, 2, 5`, `5, ${n}, 2`, `5, ${n}, 3`]],
  [2, (n) => [`${n}.25`, `${4 * n + 1}/4`, `${n}.26`]],
  [2, (n) => [`[${n}, \\infty)`, `x \\ge ${n}`, `(${n}, \\infty)`]],
  [2, (n) => [`\\frac{\\pi}{${n + 2}}`, `\\pi/${n + 2}`, `\\frac{\\pi}{${n + 3}}`]],
  [
    2,
    (
      n,
    ) => [
      `\\begin{pmatrix} ${n} & 0 \\\\ 1 & 2 \\end{pmatrix}`,
      `\\begin{bmatrix}${n}&0\\\\1&2\\end{bmatrix}`,
      `\\begin{pmatrix}${n}&0\\\\1&3\\end{pmatrix}`,
    ],
  ],
];

export function typicalPairs(count: number): Pair[] {
  const wheel = kinds.flatMap(([weight, make]) => Array<(typeof kinds)[number][1]>(weight).fill(make));
  const pairs: Pair[] = [];
  for (let i = 0; i < count; i++) {
    const [gold, right, wrong] = wheel[(i * 37) % wheel.length]!(i % 997 + 2);
    const answer = i % 2 === 0 ? right : wrong;
    const thought = `First we simplify. The ${i % 11}th step gives ${i}. `.repeat(8);
    pairs.push({
      gold,
      completion: `<think>\n${thought}\n</think>\n<answer>\nTherefore $\\boxed{${answer}}$.\n</answer>`,
    });
  }
  return pairs;
}
