// The numbers and strings that several schemas share, so that a range is written once.

import * as v from "valibot";

const whole = "must be a whole number";

/** Any finite number. */
export const finite = v.pipe(v.number(), v.finite("must be finite"));
/** A point in time as ISO 8601, UTC. */
export const timestamp = v.pipe(v.string(), v.isoTimestamp("must be an ISO 8601 time"));
/** 0, 1, 2, ... */
export const count = v.pipe(v.number(), v.safeInteger(whole), v.minValue(0));
/** 1, 2, 3, ... */
export const positiveCount = v.pipe(v.number(), v.safeInteger(whole), v.minValue(1));
/** A finite number >= 0. */
export const nonNegative = v.pipe(v.number(), v.finite("must be finite"), v.minValue(0));
/** A finite number > 0. */
export const positive = v.pipe(v.number(), v.finite("must be finite"), v.gtValue(0));
/** A number in [0, 1]. */
export const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** A string of at least one character. */
export const name = v.pipe(v.string(), v.nonEmpty("must not be empty"));
/** The seed of the counter-based random numbers: an unsigned 32-bit integer. */
export const seed = v.pipe(v.number(), v.safeInteger(whole), v.minValue(0), v.maxValue(0xffffffff));
/** A SHA-256 digest in lower-case hexadecimal. */
export const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits"));
/** The number that a flag's text writes; an empty text is none, which Number() would read as 0. */
export const numeral = v.pipe(
  v.string(),
  v.check((text) => text.trim() !== "" && Number.isFinite(Number(text)), "must be a number"),
  v.transform(Number),
);
/** Whole numbers with commas between them, such as token ids. */
export const counts = v.pipe(
  v.string(),
  v.transform((text) => text.trim() === "" ? [] : text.split(",")),
  v.array(v.pipe(numeral, count)),
  v.minLength(1, "must name at least one"),
);
