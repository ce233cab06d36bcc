// Refusals of a config.json, each one sentence: the key, what is allowed, the current value.

export function refuse(name: string, allowed: string, value: unknown): never {
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  throw new RangeError(`Cannot read config.json as ${name} must be ${allowed}: current value is ${shown}`);
}

export function configNumber(name: string, value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) refuse(name, "a number", value);
  return value;
}

export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value);
  if (found === undefined) {
    throw new TypeError(
      `Cannot read config.json as ${name} must be one of ${allowed.join(", ")}: current value is ${
        JSON.stringify(value)
      }`,
    );
  }
  return found;
}
