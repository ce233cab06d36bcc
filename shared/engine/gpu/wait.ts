// Waiting for a software adapter. Dawn under Bun and Node asks again and again whether the work is done, once in every
// turn of the event loop, and that takes a processor away from the driver's own threads: on two cores a product
// takes 1.9 times as long. So the event loop is put to sleep between turns, for longer the longer the wait lasts.

const never = new Int32Array(new SharedArrayBuffer(4));
const LONGEST = 1; // milliseconds: what a timer or a connection may have to wait meanwhile

type Immediate = { setImmediate: (task: () => void) => void };

/** Settles as `promise` does, and lets the event loop sleep until then. Not for browsers, whose pages must not block. */
export function sleepUntil<T>(promise: Promise<T>): Promise<T> {
  let settled = false;
  const began = performance.now();
  const turn = () => {
    if (settled) return;
    Atomics.wait(never, 0, 0, Math.min((performance.now() - began) / 16, LONGEST));
    (globalThis as unknown as Immediate).setImmediate(turn);
  };
  (globalThis as unknown as Immediate).setImmediate(turn);
  return promise.finally(() => {
    settled = true;
  });
}
