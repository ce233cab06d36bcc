// Turns the sympy source of a parse test into LaTeX that means the same. Tests only.

const sets: Record<string, string> = {
  "S.Naturals": "\\mathbb{N}",
  "S.Integers": "\\mathbb{Z}",
  "S.Rationals": "\\mathbb{Q}",
  "S.Reals": "\\mathbb{R}",
  "S.Complexes": "\\mathbb{C}",
  "S.EmptySet": "\\emptyset",
  E: "e",
  pi: "\\pi",
  theta: "\\theta",
  gamma: "\\gamma",
  epsilon_lower: "\\epsilon",
  varepsilon: "\\varepsilon",
};

/** Splits at commas outside brackets and quotes. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (const [i, c] of [...text].entries()) {
    if (c === "'") quoted = !quoted;
    else if (quoted) continue;
    else if (c === "(") depth++;
    else if (c === ")") depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(text.slice(from).trim());
  return parts.filter((part) => part !== "");
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return i;
  }
  throw new SyntaxError(`Cannot read ${text} as a parenthesis is open`);
}

/** LaTeX of a sympy expression source. */
export function latexOf(source: string): string {
  const subset = /^(.+)\.is_subset\((.+)\)$/.exec(source);
  if (subset !== null) return `${latexOf(subset[1]!)} \\subseteq ${latexOf(subset[2]!)}`;
  let result = "";
  let rest = source;
  while (rest !== "") {
    const name = /^[A-Za-z_][\w.]*/.exec(rest)?.[0];
    if (name === undefined) {
      const bracket = rest[0] === "(";
      const end = bracket ? closing(rest, 0) + 1 : 1;
      result += bracket ? `(${latexOf(rest.slice(1, end - 1))})` : rest.startsWith("**") ? "^" : rest[0];
      rest = rest.slice(rest.startsWith("**") ? 2 : end);
      continue;
    }
    rest = rest.slice(name.length);
    if (!rest.startsWith("(")) {
      result += sets[name] ?? name;
      continue;
    }
    const end = closing(rest, 0);
    result += call(name, split(rest.slice(1, end)));
    rest = rest.slice(end + 1);
  }
  return result;
}

function call(name: string, all: string[]): string {
  const options = all.filter((arg) => /^\w+=/.test(arg));
  const raw = all.filter((arg) => !/^\w+=/.test(arg));
  if (name === "Symbol" && raw[0]!.startsWith("'bar{")) return `\\${raw[0]!.slice(1, -1)}`;
  if (name === "Symbol") return `\\variable{${raw[0]!.slice(1, -1).replaceAll("\\\\", "\\")}}`;
  if (name === "Sum") {
    const [index, from, to] = split(raw[1]!.slice(1, -1));
    return `\\sum_{${index}=${from}}^{${to}} ${latexOf(raw[0]!)}`;
  }
  const args = raw.map(latexOf);
  const [a, b] = args;
  const joined = (sign: string): string => `(${args.join(sign)})`;
  switch (name) {
    case "FiniteSet":
      return `\\{${args.join(", ")}\\}`;
    case "Interval":
      return `${options.includes("left_open=True") ? "(" : "["}${a},${b}${
        options.includes("right_open=True") ? ")" : "]"
      }`;
    case "Union":
      return joined(" \\cup ");
    case "Intersection":
      return joined(" \\cap ");
    case "Complement":
      return joined(" \\setminus ");
    case "Eq":
      return `${a} \\in ${b}`;
    case "Not":
      return a!.replace("\\in", "\\notin");
    case "Add":
    case "_Add":
      return joined("+");
    case "_Mul":
      return `(${args.map((arg) => `(${arg})`).join("\\cdot ")})`;
    case "_Pow":
      return `(${a})^{${b}}`;
    case "Rational":
      return `\\frac{${a}}{${b}}`;
    case "Integer":
    case "UnevaluatedExpr":
      return `(${a})`;
    case "exp":
      return `e^{${a}}`;
    case "binomial":
      return `\\binom{${a}}{${b}}`;
    case "ceiling":
      return `\\lceil ${a} \\rceil`;
    case "floor":
      return `\\lfloor ${a} \\rfloor`;
    default:
      return `\\operatorname{${name.toLowerCase()}}(${args.join(", ")})`;
  }
}
