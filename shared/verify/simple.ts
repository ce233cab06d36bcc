// First cut of the verifier: integers, decimals and fractions, plain or in simple LaTeX, compared exactly.

/** A reduced fraction; the denominator is positive. */
type Rational = { p: bigint; q: bigint };

const numberPattern = /^[+-]?\d{1,400}(?:\.\d{0,400})?$|^[+-]?\.\d{1,400}$/;

/** Reads a number or fraction such as `1,234`, `-0.5`, `3/4` or `\frac{3}{4}`; null when it is something else. */
export function parseAnswer(source: string): Rational | null {
  if (source.length > 1000) return null;
  let text = source.trim().replaceAll("\u2212", "-").replaceAll("\\!", "").replaceAll("{,}", "");
  for (const command of ["\\left", "\\right", "\\$", "$", "\\,", "\\ ", " ", "^\\circ", "^{\\circ}"]) {
    text = text.replaceAll(command, "");
  }
  text = text.replaceAll("\\dfrac", "\\frac").replaceAll("\\tfrac", "\\frac");
  if (text.endsWith(".")) text = text.slice(0, -1);
  const latex = /^([+-]?)\\frac\{([+-]?[\d.]{1,400})\}\{([+-]?[\d.]{1,400})\}$/.exec(text);
  if (latex !== null) return divide(latex[1] + latex[2]!, latex[3]!);
  const slash = text.split("/");
  if (slash.length === 2) return divide(slash[0]!, slash[1]!);
  return number(text);
}

function number(text: string): Rational | null {
  const plain = /^[+-]?\d{1,3}(,\d{3}){1,100}(\.\d{0,400})?$/.test(text) ? text.replaceAll(",", "") : text;
  if (!numberPattern.test(plain)) return null;
  const unsigned = plain.replace(/^[+-]/, "");
  const [whole, fraction = ""] = unsigned.split(".");
  const p = BigInt(whole + fraction) * (plain.startsWith("-") ? -1n : 1n);
  return reduce(p, 10n ** BigInt(fraction.length));
}

function divide(above: string, below: string): Rational | null {
  const a = number(above.replace(/^([+-])[+]/, "$1"));
  const b = number(below);
  if (a === null || b === null || b.p === 0n) return null;
  return reduce(a.p * b.q, a.q * b.p);
}

function reduce(p: bigint, q: bigint): Rational {
  let [a, b] = [p < 0n ? -p : p, q < 0n ? -q : q];
  while (b !== 0n) [a, b] = [b, a % b];
  const sign = q < 0n ? -1n : 1n;
  return { p: sign * p / a, q: sign * q / a };
}

/** The last `\boxed{...}`, else what follows `####`, else the last number; null when there is none. */
export function extractAnswer(text: string): { start: number; end: number } | null {
  const box = text.lastIndexOf("\\boxed{");
  if (box >= 0) {
    let depth = 1;
    let end = box + 7;
    for (; end < text.length && depth > 0; end++) depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    return { start: box + 7, end: depth === 0 ? end - 1 : end };
  }
  const hash = text.lastIndexOf("####");
  if (hash >= 0) {
    const stop = text.indexOf("\n", hash);
    return { start: hash + 4, end: stop < 0 ? text.length : stop };
  }
  const tag = text.lastIndexOf("<answer>");
  const from = tag < 0 ? 0 : tag + 8;
  const numbers = [
    ...text.slice(from, from + 100_000).matchAll(/[+-]?\d[\d,]{0,400}(?:\.\d{1,400})?(?:\/\d{1,400})?/g),
  ];
  const last = numbers.at(-1);
  return last === undefined ? null : { start: from + last.index, end: from + last.index + last[0].length };
}
