// The final answer inside a worked solution: behind GSM8K's "####", or in LaTeX's \boxed{}.

/**
 * The text behind the last "####", if that stands on the last line, without thousands separators, and the solution
 * before it. Null without one, and where a box holds the answer and the last "####" begins a heading.
 */
export function hashAnswer(solution: string): { trace: string; answer: string } | null {
  const mark = solution.lastIndexOf("####");
  if (mark < 0) return null;
  const text = solution.slice(mark + 4).trim();
  if (text === "" || text.includes("\n")) return null;
  // `#### Conclusion: 2+3=5 holds`
  if (/\p{L}{2}/u.test(text.replace(/\\\p{L}+/gu, "")) && boxedAnswer(solution) !== null) return null;
  return { trace: solution.slice(0, mark).trimEnd(), answer: withoutSeparators(text) };
}

/** 1,234,567 as 1234567; lists such as (1,200) stay. */
function withoutSeparators(text: string): string {
  return /^[^\d(]*\d{1,3}(?:,\d{3})+(?![,\d])[^,]*$/.test(text) && !/[()[\]{}]/.test(text)
    ? text.replace(/(?<=\d),(?=\d{3})/g, "")
    : text;
}

/**
 * The content of the last \boxed{...} or \fbox{...} with balanced braces (escaped ones do not count); of `\boxed 12`
 * the word, without punctuation behind it. Null when there is none or it is not closed.
 */
export function boxedAnswer(solution: string): string | null {
  const start = [...solution.matchAll(/\\(?:boxed|fbox)(?![a-zA-Z])\s*/g)].at(-1);
  if (start === undefined) return null;
  const from = start.index + start[0].length;
  if (solution[from] !== "{") {
    return /^(?:[^\s${}]|\{[^{}]*\})+?(?=[.,;:!?)\]]*(?:[\s$}]|$))/.exec(solution.slice(from))?.[0] ?? null;
  }
  let depth = 0;
  for (let i = from; i < solution.length; i++) {
    if (solution[i] === "\\") i++;
    else if (solution[i] === "{") depth++;
    else if (solution[i] === "}" && --depth === 0) return solution.slice(from + 1, i).trim() || null;
  }
  return null;
}

/** The answer that a solution ends in, however it is marked; null where it is not. */
export function markedAnswer(solution: string): string | null {
  return hashAnswer(solution)?.answer ?? boxedAnswer(solution);
}

/** A solution such as `$\boxed{70}$` shows no way to the answer: every hint from it would be the answer itself. */
export function isOnlyAnswer(solution: string): boolean {
  return /^[\s$.]*\\boxed\s*\{/.test(solution) && !/[a-zA-Z]{2,}/.test(solution.replace(/\\[a-zA-Z]+/g, ""));
}
