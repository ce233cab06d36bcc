// What every bench program does: take its work from the command line, do it once, and print one JSON line.
// The same file runs under Bun and Deno as it is and under Node bundled.

/** The line that a program prints. */
export interface Outcome {
  /** How much was done, in `unit`. */
  work: number;
  unit: string;
  /** Seconds of the work alone: without starting the runtime, loading modules and preparing the input. */
  seconds: number;
  /** Digest of what was computed, to see that every runtime did the same. */
  digest: string;
}

/** Times `body` once and prints its outcome; `body` returns the amount of work and what it computed. */
export async function report(
  unit: string,
  body: () => Promise<{ work: number; result: string }> | { work: number; result: string },
): Promise<void> {
  const started = performance.now();
  const { work, result } = await body();
  const seconds = (performance.now() - started) / 1000;
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(result));
  const digest = Array.from(new Uint8Array(bytes, 0, 8), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
  const outcome: Outcome = { work, unit, seconds, digest };
  console.log(JSON.stringify(outcome));
}
