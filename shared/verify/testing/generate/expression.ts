// Random expressions with their own evaluator and LaTeX printer. Independent of the verifier on purpose:
// nothing here imports from it, so that a mistake there cannot hide itself.

export type Expression =
  | { op: "int"; value: number }
  | { op: "var"; name: string }
  | { op: "pi" | "e" }
  | { op: "neg" | "sqrt" | "sin" | "cos" | "ln" | "exp" | "abs"; a: Expression }
  | { op: "add" | "sub" | "mul" | "div"; a: Expression; b: Expression }
  | { op: "pow"; a: Expression; n: number };

/** A small seeded generator (mulberry32). */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed >>> 0;
  }
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export const int = (value: number): Expression =>
  value < 0 ? { op: "neg", a: int(-value) } : { op: "int", value };
export const binary = (op: "add" | "sub" | "mul" | "div", a: Expression, b: Expression): Expression => ({
  op,
  a,
  b,
});
export const unary = (
  op: "neg" | "sqrt" | "sin" | "cos" | "ln" | "exp" | "abs",
  a: Expression,
): Expression => ({ op, a });
export const pow = (a: Expression, n: number): Expression => ({ op: "pow", a, n });

/** A random expression of at most `depth` levels. */
export function randomExpression(random: Random, depth: number, names: readonly string[]): Expression {
  if (depth === 0 || random.next() < 0.15) {
    if (names.length > 0 && random.next() < 0.5) return { op: "var", name: random.pick(names) };
    return random.next() < 0.06
      ? { op: random.pick(["pi", "e"]) }
      : int(random.below(random.next() < 0.1 ? 900 : 12) + 1);
  }
  const inner = (): Expression => randomExpression(random, depth - 1, names);
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return binary("add", inner(), inner());
    case 3:
      return binary("sub", inner(), inner());
    case 4:
    case 5:
    case 6:
      return binary("mul", inner(), inner());
    case 7:
    case 8:
      return binary("div", inner(), inner());
    case 9:
      return pow(inner(), random.below(3) + 2);
    case 10:
      return unary("sqrt", binary("add", pow(inner(), 2), int(random.below(9) + 1)));
    default: {
      const op = random.pick(["sin", "cos", "exp", "ln"] as const);
      const small = randomExpression(random, Math.min(depth - 1, 1), names);
      return unary(
        op,
        op === "ln"
          ? binary("add", pow(small, 2), int(random.below(5) + 1))
          : op === "exp"
          ? binary("div", small, int(7))
          : small,
      );
    }
  }
}

/** The value at a point; NaN where it has none. */
export function evaluate(x: Expression, at: ReadonlyMap<string, number>): number {
  switch (x.op) {
    case "int":
      return x.value;
    case "var":
      return at.get(x.name) ?? NaN;
    case "pi":
      return Math.PI;
    case "e":
      return Math.E;
    case "neg":
      return -evaluate(x.a, at);
    case "sqrt":
      return Math.sqrt(evaluate(x.a, at));
    case "sin":
      return Math.sin(evaluate(x.a, at));
    case "cos":
      return Math.cos(evaluate(x.a, at));
    case "ln":
      return Math.log(evaluate(x.a, at));
    case "exp":
      return Math.exp(evaluate(x.a, at));
    case "abs":
      return Math.abs(evaluate(x.a, at));
    case "pow":
      return evaluate(x.a, at) ** x.n;
    case "add":
      return evaluate(x.a, at) + evaluate(x.b, at);
    case "sub":
      return evaluate(x.a, at) - evaluate(x.b, at);
    case "mul":
      return evaluate(x.a, at) * evaluate(x.b, at);
    case "div": {
      const below = evaluate(x.b, at);
      return below === 0 ? NaN : evaluate(x.a, at) / below;
    }
  }
}

const level = (x: Expression): number => {
  switch (x.op) {
    case "add":
    case "sub":
    case "neg":
      return 1;
    case "mul":
      return 2;
    case "pow":
    case "div":
    case "exp":
      return 3;
    case "ln":
    case "sin":
    case "cos":
      return 2;
    default:
      return 4;
  }
};

/** LaTeX with parentheses where they are needed; the writing varies with the random numbers. */
export function latex(x: Expression, random: Random): string {
  const show = (y: Expression): string => latex(y, random);
  const wrap = (y: Expression, least: number): string => {
    const text = show(y);
    if (level(y) >= least) return text;
    return random.next() < 0.5 ? `(${text})` : `\\left(${text}\\right)`;
  };
  switch (x.op) {
    case "int":
      return x.value >= 1000 && random.next() < 0.3
        ? x.value.toLocaleString("en-US").replaceAll(",", "{,}")
        : `${x.value}`;
    case "var":
      return x.name.length > 1 ? `\\${x.name} ` : x.name;
    case "pi":
      return "\\pi ";
    case "e":
      return "e";
    case "neg":
      return `-${wrap(x.a, 2)}`;
    case "sqrt":
      return `\\sqrt{${show(x.a)}}`;
    case "exp":
      return `e^{${show(x.a)}}`;
    case "abs":
      return `\\left|${show(x.a)}\\right|`;
    case "sin":
    case "cos":
    case "ln":
      return `\\${x.op}\\left(${show(x.a)}\\right)`;
    case "add":
      return `${show(x.a)}+${wrap(x.b, 2)}`;
    case "sub":
      return `${show(x.a)}-${wrap(x.b, 2)}`;
    case "mul": {
      const [a, b] = [wrap(x.a, 2), wrap(x.b, 3)];
      const sign = random.pick(["\\cdot ", "\\times ", " "]);
      const needed = /^[\d\\-]/.test(b) || /[\w}]$/.test(a) && /^[\w]/.test(b) || /\\[a-z]+ ?$/.test(a) ||
        b.startsWith("(") || b.startsWith("\\left");
      return `${a}${needed && sign === " " ? "\\cdot " : sign}${b}`;
    }
    case "div":
      return random.next() < 0.15
        ? `${wrap(x.a, 4)}/${wrap(x.b, 4)}`
        : `\\${random.pick(["frac", "dfrac", "tfrac"])}{${show(x.a)}}{${show(x.b)}}`;
    case "pow":
      return `${wrap(x.a, 4)}^{${x.n}}`;
  }
}
