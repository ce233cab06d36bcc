// The final answer inside a worked solution: behind GSM8K's "####", or in LaTeX's \boxed{}.

/** The text behind the last "####" without thousands separators, and the solution before it; null without one. */
export function hashAnswer(solution: string): { trace: string; answer: string } | null {
  const mark = solution.lastIndexOf("####");
  if (mark < 0) return null;
  const answer = solution.slice(mark + 4).trim().replace(/(\d),(?=\d{3}(?!\d))/g, "$1");
  return answer === "" ? null : { trace: solution.slice(0, mark).trimEnd(), answer };
}

/**
 * The content of the last \boxed{...} or \fbox{...} with balanced braces (escaped ones do not count), or the one
 * character of `\boxed 5`; null when there is none or it is not closed.
 */
export function boxedAnswer(solution: string): string | null {
  const start = [...solution.matchAll(/\\(?:boxed|fbox)(?![a-zA-Z])\s*/g)].at(-1);
  if (start === undefined) return null;
  const from = start.index + start[0].length;
  if (solution[from] !== "{") return solution[from] ?? null;
  let depth = 0;
  for (let i = from; i < solution.length; i++) {
    if (solution[i] === "\\") i++;
    else if (solution[i] === "{") depth++;
    else if (solution[i] === "}" && --depth === 0) return solution.slice(from + 1, i).trim() || null;
  }
  return null;
}
