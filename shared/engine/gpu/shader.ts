// Puts shader texts together, checked: every name must exist and every replacement must be found, so that a text that
// has changed fails at once instead of compiling without what was asked for.

/** A WGSL text, or what makes it: the same function object each time, as it stands for the text. */
export type ShaderText = string | (() => string);

export function textOf(source: ShaderText): string {
  return typeof source === "string" ? source : source();
}

/**
 * @param pattern a string, which must occur exactly once, or a regular expression, which must match
 * @throws Error when it does not
 */
export function replaced(
  label: string,
  wgsl: string,
  pattern: string | RegExp,
  replacement: string | ((match: string, ...groups: string[]) => string),
): string {
  const found = typeof pattern === "string" ? wgsl.split(pattern).length - 1 : Number(pattern.test(wgsl));
  if (pattern instanceof RegExp) pattern.lastIndex = 0; // a global one remembers where it was
  if (found !== 1) {
    throw new Error(
      `Cannot compile ${label} as its text must match ${pattern} exactly once: current number is ${found}`,
    );
  }
  return wgsl.replace(pattern, replacement as string);
}

/**
 * The text with its lines `const NAME = 1u;` (or `= 1.0;`) set to the given values, types kept.
 * @throws Error unless a constant has exactly one such line
 */
export function withConstants(label: string, wgsl: string, constants: Record<string, number>): string {
  let code = wgsl;
  for (const [name, value] of Object.entries(constants)) {
    const lines = code.match(new RegExp(`const ${name}(?: *: *\\w+)? *= *[^;]*;`, "g")) ?? [];
    if (lines.length === 0) {
      throw new Error(`Cannot compile ${label} as it has no line \`const ${name} = ...;\``);
    }
    const [line] = lines;
    const literal = /= *\d+u;/.test(line!)
      ? `${value}u`
      : Number.isInteger(value)
      ? `${value}.0`
      : `${value}`;
    code = replaced(label, code, line!, line!.replace(/= *[^;]*;/, `= ${literal};`));
  }
  return code;
}

/** A maker of texts by a number, such as the rows of a tile, that gives the same function for the same number. */
export function textsBy<T extends number>(make: (size: T) => string): (size: T) => () => string {
  const makers = new Map<T, () => string>();
  return (size) => {
    const known = makers.get(size) ?? (() => make(size));
    makers.set(size, known);
    return known;
  };
}
