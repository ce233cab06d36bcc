// A command of the trainer as a line to type.

/** @param argv what follows the recipe; words that a shell would change are quoted */
export function commandLine(verb: string, recipe: string, argv: readonly string[]): string {
  const quoted = [recipe, ...argv].map((word) =>
    /^[\w./=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  );
  return ["npm run -s ghpo --", verb, ...quoted].join(" ");
}
