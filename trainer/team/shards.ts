// The gradient of a step as a sum over shards of its examples. Each shard is packed and computed on its own, and their
// gradients are added as one binary tree: first on the rank that computed them, then between ranks. The tree depends on
// the number of shards alone, so any number of ranks that divides it gives the same bits.

import { addInto } from "./mpi_team.ts";
import type { Team } from "./team.ts";

/** A policy whose gradients can be taken out and put back. */
export interface GradientStore {
  /** Numbers in all gradients together. */
  readonly gradientLength: number;
  /** Copies the gradients into the beginning of `into` and clears them. */
  takeGradients(into: Float32Array): Promise<void>;
  /** Adds nothing: the gradients are these from now on. */
  putGradients(from: Float32Array): void;
}

export class Shards {
  /** Buffers that are free; they are kept from step to step. */
  readonly #free: Float32Array[] = [];

  /** @throws RangeError unless the ranks divide the shards evenly */
  constructor(readonly team: Team, readonly policy: GradientStore, readonly count: number, setting: string) {
    if (count % team.size === 0 && (team.size & (team.size - 1)) === 0) return;
    throw new RangeError(
      `Cannot train on ${team.size} ranks as their number must be a power of two and at most ${setting}: ` +
        `current value of that is ${count}`,
    );
  }

  /** Examples dealt into shards of about as many tokens, each in the order that they came in. */
  deal<T extends { ids: ArrayLike<number> }>(examples: readonly T[]): T[][] {
    if (this.count === 1) return [[...examples]];
    const tokens = new Array<number>(this.count).fill(0);
    const shardOf = new Map<T, number>();
    for (const example of examples.toSorted((a, b) => b.ids.length - a.ids.length)) {
      const shard = tokens.indexOf(Math.min(...tokens));
      shardOf.set(example, shard);
      tokens[shard]! += example.ids.length;
    }
    return tokens.map((_, shard) => examples.filter((example) => shardOf.get(example) === shard));
  }

  /**
   * Runs `each` on the shards of this rank and leaves the sum of the gradients of all shards in the policy.
   * @param what how the ranks' meeting is called
   * @returns what `each` has returned for every shard, on all ranks
   * @throws what `each` throws on any rank, on all of them
   */
  async run<R>(what: string, each: (shard: number) => Promise<R>): Promise<R[]> {
    if (this.count === 1) return [await each(0)];
    const { team, policy } = this;
    const own = this.count / team.size;
    /** Sums of 1, 2, 4, ... shards, as the digits of a binary number. */
    const sums: (Float32Array | undefined)[] = [];
    const results = await team.gather(what, async () => {
      const results: R[] = [];
      for (let i = 0; i < own; i++) {
        results.push(await each(team.rank * own + i));
        const values = this.#buffer();
        await policy.takeGradients(values);
        this.#carry(sums, values);
      }
      return results;
    });
    const total = sums.at(-1)!;
    await team.sum(what, total);
    policy.putGradients(total.subarray(0, policy.gradientLength));
    this.#free.push(total);
    return results.flat();
  }

  /** Adds a shard's gradients to those before it: equal numbers of shards go together. */
  #carry(sums: (Float32Array | undefined)[], values: Float32Array): void {
    let level = 0;
    let right = values;
    for (; sums[level]; level++) {
      const left = sums[level]!;
      addInto(left, right);
      this.#free.push(right);
      sums[level] = undefined;
      right = left;
    }
    sums[level] = right;
  }

  #buffer(): Float32Array {
    const { size } = this.team;
    return this.#free.pop() ?? new Float32Array(Math.ceil(this.policy.gradientLength / size) * size);
  }
}
