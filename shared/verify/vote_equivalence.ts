// Many final answers compared with each other, as majority votes are: what is read of a text is kept.

import { interpretations } from "./compare/interpretations.ts";
import { bendsValues, roughly } from "./compare/pairing.ts";
import { compareNodes } from "./compare/answers.ts";
import { type Preset, type PresetName, presets } from "./presets.ts";
import { Fuel, LimitError } from "./tree/fuel.ts";
import { Builder } from "./tree/node.ts";
import { equivalent } from "./verify.ts";

/**
 * A function that says what `equivalent` says of two final answers, and is fast where it is asked about the same texts again
 * and again: answers whose values are far apart are told apart without a full comparison.
 */
export function equivalence(preset: PresetName | Preset = "report"): (a: string, b: string) => boolean {
  const chosen: Preset = typeof preset === "string" ? presets[preset] : preset;
  if (chosen.grader !== "algebra" || bendsValues(chosen.rules)) return (a, b) => equivalent(a, b, chosen);
  const known = new Map<string, readonly number[] | null>();
  const valuesOf = (text: string): readonly number[] | null => {
    let values = known.get(text);
    if (values === undefined) {
      values = readValues(text, chosen);
      known.set(text, values);
    }
    return values;
  };
  return (a, b) => {
    if (a === b) return equivalent(a, b, chosen);
    const [x, y] = [valuesOf(a), valuesOf(b)];
    if (x !== null && y !== null && x.every((u) => y.every((v) => isFar(u, v)))) return false;
    return equivalent(a, b, chosen);
  };
}

const isFar = (u: number, v: number): boolean => Math.abs(u - v) > 1e-2 * Math.max(Math.abs(u), Math.abs(v));

/** A rough value for each reading of a text; null where one of them has none. */
function readValues(text: string, preset: Preset): number[] | null {
  const fuel = new Fuel();
  try {
    const nodes = interpretations(text, preset, fuel, false);
    const context = { rules: preset.rules, fuel, builder: new Builder(fuel), compare: compareNodes };
    const values = nodes.map((node) => roughly(node, context));
    return values.length === 0 || values.includes(null) ? null : values as number[];
  } catch (error) {
    if (error instanceof LimitError) return null;
    throw error;
  }
}
