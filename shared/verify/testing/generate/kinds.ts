// Random pairs of the kinds that graders get wrong, of both verdicts. What is equal is decided here, by construction or by
// counting; nothing is imported from the verifier.

import type { Random } from "./expression.ts";

/** A gold, a completion, and whether the completion is right. */
export type KindPair = { kind: string; gold: string; completion: string; equal: boolean };

type Draft = Omit<KindPair, "kind">;

const between = (random: Random, low: number, high: number): number => low + random.below(high - low + 1);
const box = (text: string): string => `Thus the result is $\\boxed{${text}}$.`;
const gcd = (a: number, b: number): number => b === 0 ? Math.abs(a) : gcd(b, a % b);
const shuffled = <T>(items: readonly T[], random: Random): T[] => {
  const left = [...items];
  const result: T[] = [];
  while (left.length > 0) result.push(...left.splice(random.below(left.length), 1));
  return result;
};
const nouns =
  "clips pens plums tickets stickers marbles cats boxes shells wheels letters cakes buses stamps sheep children"
    .split(" ");
const adjectives = ["", "red ", "small ", "new "];

const hedged = (n: string): string[] => [
  `not ${n}`,
  `at least ${n}`,
  `at most ${n}`,
  `less than ${n}`,
  `more than ${n}`,
  `either ${n} or 1000003`,
  `between ${n} and 1000003`,
  `between 1000003 and ${n}`,
  `${n} or more`,
  `${n} or 1000003`,
  `no more than ${n}`,
  `anything but ${n}`,
  `a multiple of ${n}`,
  `minus ${n}`,
  `far from ${n}`,
  `twice ${n}`,
  `the square of ${n}`,
  `divisible by ${n}`,
  `${n} too many`,
  `one of 1000003, ${n} and 2000003`,
];

const units: readonly (readonly [string, number])[][] = [
  [["mm", 1], ["cm", 10], ["m", 1000], ["km", 1_000_000]],
  [["s", 1], ["min", 60], ["hours", 3600], ["days", 86_400]],
  [["g", 1], ["kg", 1000]],
  [["mL", 1], ["L", 1000]],
  [["cents", 1], ["dollars", 100]],
  [["inches", 1], ["feet", 12], ["yards", 36]],
];

/** One generator a kind; each gives a right or a wrong answer as told. */
const kinds: Record<string, (random: Random, equal: boolean) => Draft> = {
  hedge: (random, equal) => {
    const n = String(between(random, 2, 500));
    const completion = equal
      ? random.pick([`The answer is ${n}.`, `So the answer is exactly ${n}.`, `Answer: ${n}`])
      : random.pick([
        `The answer is ${random.pick(hedged(n))}.`,
        box(`\\text{${random.pick(hedged(n))}}`),
        `I cannot decide whether it is ${n}.`,
      ]);
    return { gold: n, completion, equal };
  },
  "later sentence": (random, equal) => {
    const [n, m] = [between(random, 2, 400), between(random, 500, 900)];
    const later = random.pick([
      `Note that the total is ${m}.`,
      `There are ${m} in all.`,
      `We used that it divides ${m}.`,
    ]);
    return { gold: String(equal ? n : m), completion: `The answer is ${n}. ${later}`, equal };
  },
  "count noun": (random, equal) => {
    const n = between(random, 2, 900);
    const noun = random.pick(adjectives) + random.pick(nouns);
    const said = equal ? n : n + between(random, 1, 9);
    const gold = random.pick([`${n}`, `${n} ${noun}`, `${n} (${noun})`, `${n} \\text{ ${noun}}`]);
    const completion = random.pick([
      box(`${said} \\text{ ${noun}}`),
      box(`${said}`),
      `The answer is ${said} ${noun}.`,
      `#### ${said}`,
      `#### ${said} ${noun}`,
      `There are ${said} ${noun}, in all.`,
    ]);
    return { gold, completion, equal };
  },
  size: (random, equal) => {
    const n = between(random, 2, 99);
    const [word, factor] = random.pick(
      [["thousand", 1e3], ["million", 1e6], ["dozen", 12], ["hundred", 100]] as const,
    );
    const right = random.pick([`${n * factor}`, `${n} \\text{ ${word}}`]);
    const wrong = random.pick([
      `${n}`,
      `${n * factor + 1}`,
      `${n} \\text{ ${word === "million" ? "thousand" : "million"}}`,
    ]);
    return { gold: `${n} \\text{ ${word}}`, completion: box(equal ? right : wrong), equal };
  },
  unit: (random, equal) => {
    const table = random.pick(units);
    const [a, x] = random.pick(table);
    const [b, y] = random.pick(table);
    const n = between(random, 1, 60) * Math.max(1, y / x);
    const other = n * x / y;
    const value = Number.isInteger(other) ? `${other}` : `\\frac{${n * x}}{${y}}`;
    const wrong = `${n + 1} \\text{ ${a}}`;
    return { gold: `${n} \\text{ ${a}}`, completion: box(equal ? `${value} \\text{ ${b}}` : wrong), equal };
  },
  "other unit": (random) => {
    const [first, second] = shuffled(units, random);
    const n = between(random, 2, 90);
    return {
      gold: `${n} \\text{ ${random.pick(first!)[0]}}`,
      completion: box(`${n} \\text{ ${random.pick(second!)[0]}}`),
      equal: false,
    };
  },
  "mixed quantity": (random, equal) => {
    const table = random.pick(units);
    const i = random.below(table.length - 1);
    const [[small, x], [large, y]] = [table[i]!, table[i + 1]!];
    const [n, m] = [between(random, 2, 9), between(random, 1, y / x - 1)];
    const total = n * y / x + m;
    const wrong = random.pick([total + 1, n + m, m * y / x + n].filter((value) => value !== total));
    return {
      gold: `${n} \\text{ ${large} } ${m} \\text{ ${small}}`,
      completion: box(`${equal ? total : wrong} \\text{ ${small}}`),
      equal,
    };
  },
  steps: (random, equal) => {
    const [c, b, d] = [between(random, 2, 6), between(random, 0, 6), between(random, 0, 3)];
    const gold = `\\lceil \\frac{n+${b}}{${c}} \\rceil + ${d}`;
    const shift = equal ? c - 1 : random.pick([0, c, c - 2, c + 1].filter((value) => value !== c - 1));
    return { gold, completion: box(`\\lfloor \\frac{n+${b + shift}}{${c}} \\rfloor + ${d}`), equal };
  },
  alternating: (random, equal) => {
    const [a, k, s] = [between(random, 2, 9), between(random, 1, 4), random.pick([1, -1])];
    const gold = `${s < 0 ? "-" : ""}(-${a})^{n+${k}}`;
    const sign = (k + (s < 0 ? 1 : 0) + (equal ? 0 : 1)) % 2;
    return { gold, completion: box(`(-1)^{n+${sign}} \\cdot ${a}^{n+${k}}`), equal };
  },
  "interval and roots": (random, equal) => {
    const [a, b] = [between(random, -9, 3), between(random, 4, 12)];
    const [open, close] = [random.pick(["(", "["]), random.pick([")", "]"])];
    const gold = `${open}${a}, ${b}${close}`;
    const right = `${a} ${open === "(" ? "<" : "\\le"} x ${close === ")" ? "<" : "\\le"} ${b}`;
    const wrong = random.pick([
      `x = ${a} \\text{ or } x = ${b}`,
      `x = ${a}, x = ${b}`,
      `${a} ${open === "(" ? "\\le" : "<"} x < ${b}`,
      `${a} < x < ${b + 1}`,
    ]);
    return { gold, completion: box(equal ? right : wrong), equal };
  },
  "labelled pair": (random, equal) => {
    const [a, b] = [between(random, -20, 20), between(random, 21, 60)];
    const [u, v] = equal ? [a, b] : [b, a];
    const gold = random.pick([`x=${a}, y=${b}`, `\\begin{cases} x=${a} \\\\ y=${b} \\end{cases}`]);
    const said = [
      `x=${u}, y=${v}`,
      `y=${v}, x=${u}`,
      `(${u},${v})`,
      `\\begin{cases} x = ${u} \\\\ y = ${v} \\end{cases}`,
      `x = ${u} \\text{ and } y = ${v}`,
    ];
    return { gold, completion: box(random.pick(said)), equal };
  },
  "labelled parts": (random, equal) => {
    const [a, b] = [between(random, 1, 50), between(random, 51, 99)];
    const [u, v] = equal ? [a, b] : [b, a];
    return {
      gold: `(a) ${a}, (b) ${b}`,
      completion: box(random.pick([`${u}, ${v}`, `(a) ${u}, (b) ${v}`])),
      equal,
    };
  },
  "plus-minus": (random, equal) => {
    const [a, p] = [between(random, 1, 9), random.pick([2, 3, 5, 7])];
    const all = [[1, 1], [1, -1], [-1, 1], [-1, -1]].map(([s, t]) =>
      `${s! * a}${t! > 0 ? "+" : "-"}\\sqrt{${p}}`
    );
    const linked = random.next() < 0.5;
    const right = linked ? [all[0]!, all[3]!] : all;
    const wrong = linked ? [all[0]!, all[1]!] : [all[0]!, all[3]!];
    const gold = linked ? `\\pm(${a}+\\sqrt{${p}})` : `\\pm ${a} \\pm \\sqrt{${p}}`;
    return { gold, completion: box(shuffled(equal ? right : wrong, random).join(", ")), equal };
  },
  base: (random, equal) => {
    const [n, base] = [between(random, 40, 4000), random.pick([2, 3, 5, 7, 8])];
    const digits = n.toString(base);
    const right = [
      `${digits}_${base}`,
      `${digits}_{${base}}`,
      `${digits}_{(${base})}`,
      `(${digits})_{${base}}`,
    ];
    const wrong = [
      `${n}`,
      `${digits}_{${base + 1}}`,
      `${(n + 1).toString(base)}_{${base}}`,
      `${n.toString(9)}_9`,
    ];
    return { gold: `${digits}_{${base}}`, completion: box(random.pick(equal ? right : wrong)), equal };
  },
  congruence: (random, equal) => {
    const m = between(random, 3, 40);
    const r = random.below(m);
    const right = `x \\equiv ${r + m * between(random, -3, 3)} \\pmod{${m}}`;
    const wrong = random.pick([
      `x \\equiv ${r} \\pmod{${m + 1}}`,
      `x \\equiv ${r + 1 + random.below(m - 1)} \\pmod{${m}}`,
    ]);
    return { gold: `x \\equiv ${r} \\pmod{${m}}`, completion: box(equal ? right : wrong), equal };
  },
  "repeating decimal": (random, equal) => {
    const period = random.pick(["3", "6", "7", "12", "45", "142857", "81"]);
    const nines = 10 ** period.length - 1;
    const d = gcd(Number(period), nines);
    const gold = `\\frac{${Number(period) / d}}{${nines / d}}`;
    const right = [`0.\\overline{${period}}`, `0.(${period})`, `0.${period.repeat(4)}\\ldots`];
    const wrong = [`0.${period.slice(0, 4)}`, `0.(${Number(period) + 1})`];
    return { gold, completion: box(random.pick(equal ? right : wrong)), equal };
  },
  "double factorial": (random, equal) => {
    const n = between(random, 4, 15);
    let product = 1;
    for (let k = n; k > 1; k -= 2) product *= k;
    let factorial = 1;
    for (let k = 2; k <= n; k++) factorial *= k;
    return { gold: `${n}!!`, completion: box(String(equal ? product : factorial)), equal };
  },
  piecewise: (random, equal) => {
    const [a, b] = [between(random, 1, 9), between(random, 10, 19)];
    const rows = [[`n+${a}`, "even"], [`n-${b}`, "odd"]];
    const cases = (list: string[][]): string =>
      `\\begin{cases} ${
        list.map(([value, when]) => `${value} & n \\text{ ${when}}`).join(" \\\\ ")
      } \\end{cases}`;
    const swapped = [[rows[0]![0]!, "odd"], [rows[1]![0]!, "even"]];
    return { gold: cases(rows), completion: box(cases(shuffled(equal ? rows : swapped, random))), equal };
  },
  family: (random, equal) => {
    const [d, a] = [between(random, 2, 12), between(random, 0, 11)];
    const shift = equal ? d * between(random, -3, 3) : 1 + random.below(d - 1);
    const name = random.pick(["k", "m", "t"]);
    const offset = a + shift;
    return {
      gold: `n = ${d}k + ${a}`,
      completion: box(`n = ${d}${name} ${offset < 0 ? "-" : "+"} ${Math.abs(offset)}`),
      equal,
    };
  },
  selection: (random, equal) => {
    const letters = [..."ABCDEF"].filter(() => random.next() < 0.5);
    const chosen = letters.length < 2 ? ["A", "C"] : letters;
    const other = [..."ABCDEF"].filter((letter) => !chosen.includes(letter))[0];
    const said = equal
      ? chosen
      : other === undefined || random.next() < 0.5
      ? chosen.slice(1)
      : [...chosen, other];
    const list = shuffled(said, random);
    const completion = box(
      random.pick([list.join(""), list.join(", "), `\\text{${list.join(", ")}}`, `\\{${list.join(",")}\\}`]),
    );
    return { gold: chosen.join(""), completion, equal };
  },
  "long list": (random, equal) => {
    const size = between(random, 20, 50);
    const q = between(random, 7, 60);
    const items = Array.from({ length: size }, (_, i) => i * 3 + 1 + random.below(2));
    const write = (n: number): string => `\\frac{${n}\\pi}{${q}}`;
    const said = shuffled(items, random);
    if (!equal) said[random.below(size)] = 1000 + random.below(50);
    return { gold: items.map(write).join(", "), completion: box(said.map(write).join(", ")), equal };
  },
  "words around mathematics": (random, equal) => {
    const n = between(random, 2, 60);
    const [a, b] = random.pick(
      [
        ["multiples of", "divisors of"],
        ["less than", "greater than"],
        ["maximum", "minimum"],
        ["increasing for x >", "decreasing for x >"],
        ["odd numbers up to", "even numbers up to"],
      ] as const,
    );
    const wrong = random.pick([`${n}`, `\\text{${b} } ${n}`]);
    return { gold: `\\text{${a} } ${n}`, completion: box(equal ? `\\text{${a} } ${n}` : wrong), equal };
  },
};

/** The names of all kinds. */
export const kindNames = Object.keys(kinds);

/** `count` pairs of kinds drawn at random; the same random numbers give the same pairs. */
export function* kindPairs(count: number, random: Random): Generator<KindPair> {
  for (let i = 0; i < count; i++) {
    const kind = random.pick(kindNames);
    yield { kind, ...kinds[kind]!(random, random.next() < 0.5) };
  }
}
