// How many jobs a worker takes at a time: the learner hears of them only when all are done, so more than it finishes in
// some seconds only where that makes it faster, as on a GPU, which decodes many rows in the time of a few.

/** Seconds that may pass in any case. */
const SHORT_S = 30;
/** How much faster twice as many have to be. */
const GAIN = 1.25;
/** Takes after which speeds are forgotten: the first of a size compiles kernels, and other work comes and goes. */
const REMEMBERED = 16;

export class BatchSize {
  /** Jobs to take next. */
  most = 1;
  /** Tokens a second, by the power of two of jobs at a time. */
  readonly #rates = new Map<number, number>();
  #count = 0;

  /** Tells how long it took to sample jobs at once. */
  done(jobs: number, tokens: number, seconds: number): void {
    const size = 2 ** Math.floor(Math.log2(jobs));
    if (++this.#count % REMEMBERED === 0) this.#rates.clear();
    this.#rates.set(size, tokens / seconds);
    if (seconds <= SHORT_S) this.most = Math.max(this.most, 2 * size);
    else this.most = this.#pays(size) ? this.#pays(2 * size) ? 2 * size : size : Math.max(1, size / 2);
  }

  /** Whether this many at a time are faster than half as many; true where that is not known. */
  #pays(size: number): boolean {
    const [rate, half] = [this.#rates.get(size), this.#rates.get(size / 2)];
    return rate === undefined || half === undefined || rate > GAIN * half;
  }
}
