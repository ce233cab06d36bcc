// The bundled benchmarks: one a family of synthetic problems, from the held-out split, generated from a seed
// when they are asked. Their steps can be checked, so a right answer from a wrong trace is seen.

import type { Problem } from "#shared/schemas/problem.ts";
import { FAMILIES, type Family } from "#shared/schemas/recipe/data.ts";
import { checkTrace, MAX_LEVEL, syntheticProblems } from "#shared/problems/synthetic.ts";
import { evalPresets } from "./protocols.ts";
import type { Sampling, Task } from "./task.ts";

export { FAMILIES };

const TITLES: Record<Family, string> = {
  chain: "Chain sums",
  addition: "Written addition",
  linear: "Linear equations",
  gcd: "Greatest common divisor",
  product: "Products modulo 23",
  fraction: "Simplifying fractions",
};

/** The task of one family with `perLevel` problems of each level (fewer where a level has no more). */
export function syntheticTask(
  family: Family,
  seed: number,
  perLevel = 40,
  samples = 1,
  sampling: Sampling = evalPresets.plain.sampling,
): Task {
  const levels = Array.from({ length: MAX_LEVEL }, (_, i) => i + 1);
  const problems = syntheticProblems({
    families: [family],
    levels,
    count: perLevel * levels.length,
    seed,
    split: "held_out",
  });
  const byId = new Map<string, Problem>(problems.map((problem) => [problem.id, problem]));
  return {
    name: family,
    title: TITLES[family],
    preset: "plain",
    problems,
    samples,
    sampling,
    verify: evalPresets.plain.verify,
    prompt: ({ text }) => ({ messages: [{ role: "user", content: text }] }),
    checkTrace: ({ id }, completion) => {
      const problem = byId.get(id);
      return problem !== undefined && checkTrace(problem, completion) === true;
    },
  };
}
