// The problems that a run set apart, as a task file of the evaluator: what the loop evaluated on can be asked again, of
// this checkpoint or of any other model.

import { basename, join, resolve } from "node:path";
import { stringify as stringifyToml } from "smol-toml";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { writeJsonl } from "#shared/io/jsonl.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { promptMessages } from "#shared/text/prompts.ts";
import { presets } from "#shared/verify/mod.ts";
import type { SftRecipe } from "#shared/schemas/recipe/sft.ts";
import type { TrainRecipe } from "./train_recipe.ts";

const ROWS = "held_out.jsonl";
const QUESTION = "{question}";

/** How the loop evaluated. */
interface Asked {
  preset: string;
  max_tokens: number;
  stop?: readonly string[];
}

/**
 * Writes held_out.toml and its rows into the run's directory.
 * @returns its path; null where no problem is set apart, or where the chat template is told what a task file cannot say
 */
export function writeHeldOut(
  { output_dir, prompt }: TrainRecipe | SftRecipe,
  problems: readonly Problem[],
  { preset, max_tokens, stop = [] }: Asked,
): string | null {
  if (problems.length === 0 || Object.keys(prompt.chat_template_kwargs).length > 0) return null;
  const turns = promptMessages(QUESTION, "", { ...prompt, glue: "", placement: "user" });
  const base = !prompt.chat_template;
  const user = base ? turns.map(({ content }) => content).join("\n\n") : turns.at(-1)!.content;
  const system = base || turns.length === 1 ? {} : { system: turns[0]!.content };
  const task = {
    name: `${basename(resolve(output_dir))}-held-out`,
    files: [ROWS],
    prompt: user,
    ...system,
    base,
    grader: preset in presets ? preset : "report",
    max_tokens,
    stop: [...stop],
  };
  writeJsonl(
    join(output_dir, ROWS),
    problems.map(({ id, text, answer, trace, level }) => ({
      id,
      question: text,
      answer,
      ...(trace && { solution: trace.text }),
      ...(level !== null && { level }),
    })),
  );
  const path = join(output_dir, "held_out.toml");
  writeFileAtomic(path, stringifyToml(task) + "\n");
  return path;
}
