// The shape of the tables of cases by kind. Ours: made up for the kinds of mistakes that graders make.

/** A gold, answers that are right and answers that are wrong: contents of a box, or after "say:" a whole completion. */
export type Row = readonly [gold: string, right: readonly string[], wrong: readonly string[]];

export type Kind = { readonly kind: string; readonly rows: readonly Row[] };

/** The completion that an entry of a table stands for. */
export const completionOf = (entry: string): string =>
  entry.startsWith("say:") ? entry.slice(4) : `so we get $\\boxed{${entry}}$.`;
