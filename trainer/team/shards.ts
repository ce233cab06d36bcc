// The gradient of a step as a sum over shards of its examples. Each shard is packed and computed on its own, and their
// gradients are added as one binary tree: first on the rank that computed them, then between ranks. The tree depends on
// the number of shards alone, so any number of ranks that divides it gives the same bits.

import type { GradientStore, LearnerSequence, Policy } from "../learner/policy.ts";
import { addInto } from "./all_reduce.ts";
import { oddRank, type Team } from "./team.ts";

/** What of a policy has to do with gradients. */
type Optimized = GradientStore & Pick<Policy, "step">;

/** @throws RangeError unless the number of ranks divides that of the shards */
export function checkShards(ranks: number, count: number, setting: string): void {
  if (count % ranks === 0 && (ranks & (ranks - 1)) === 0) return;
  const least = 2 ** Math.ceil(Math.log2(ranks));
  throw new RangeError(
    least === ranks
      ? `Cannot train on ${ranks} ranks as ${setting} must be at least ${least}: current value is ${count}; ` +
        `add --${setting} ${least} to a new run`
      : `Cannot train on ${ranks} ranks as their number must be a power of two`,
  );
}

export class Shards {
  /** Buffers that are free; they are kept from step to step. */
  readonly #free: Float32Array[] = [];

  /** @throws RangeError unless the ranks divide the shards evenly */
  constructor(readonly team: Team, readonly policy: Optimized, readonly count: number, setting: string) {
    checkShards(team.size, count, setting);
  }

  /** Examples dealt into shards of about as many tokens. Completions of one prompt stay together, to share it. */
  deal<T extends LearnerSequence>(examples: readonly T[]): T[][] {
    if (this.count === 1) return [[...examples]];
    const shards = Array.from({ length: this.count }, () => ({ tokens: 0, pieces: [] as number[] }));
    const pieces = piecesOf(examples, Math.ceil(tokensOf(examples) / this.count));
    const largestFirst = [...pieces.entries()].sort(([, a], [, b]) => tokensOf(b) - tokensOf(a));
    for (const [index, piece] of largestFirst) {
      const shard = shards.reduce((least, each) => each.tokens < least.tokens ? each : least);
      shard.tokens += tokensOf(piece);
      shard.pieces.push(index);
    }
    return shards.map((shard) => shard.pieces.sort((a, b) => a - b).flatMap((index) => pieces[index]!));
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
    const results = await team.allGather(what, async () => {
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
    await team.allReduce(what, total);
    policy.putGradients(total.subarray(0, policy.gradientLength));
    this.#free.push(total);
    return results.flat();
  }

  /**
   * The optimizer step on all ranks. Returns the norm of the gradients.
   * @throws Error when a rank has come to another norm, as after that their weights differ
   */
  async step(learningRate: number): Promise<number> {
    const norms = await this.team.allGather("the update", () => this.policy.step(learningRate));
    const different = oddRank(norms);
    if (different === null) return norms[0]!.grad_norm;
    const { odd, usual } = different;
    throw new Error(
      `Cannot continue as all ranks must compute the same gradients: their norm is ${
        norms[odd]!.grad_norm
      } on rank ` +
        `${odd}, ${norms[usual]!.grad_norm} on rank ${usual}`,
    );
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

/** Consecutive examples of one prompt, cut where they have more than `limit` tokens. */
function piecesOf<T extends LearnerSequence>(examples: readonly T[], limit: number): T[][] {
  const pieces: T[][] = [];
  for (const example of examples) {
    const last = pieces.at(-1);
    if (last && samePrompt(last[0]!, example) && tokensOf([...last, example]) <= limit) last.push(example);
    else pieces.push([example]);
  }
  return pieces;
}

/** Tokens of examples whose consecutive ones share a prompt. */
function tokensOf(examples: readonly LearnerSequence[]): number {
  return examples.reduce((sum, example, i) => {
    const shared = i > 0 && samePrompt(examples[i - 1]!, example) ? example.prompt_length : 0;
    return sum + example.ids.length - shared;
  }, 0);
}

function samePrompt(a: LearnerSequence, b: LearnerSequence): boolean {
  if (a.prompt_length !== b.prompt_length) return false;
  for (let i = 0; i < a.prompt_length; i++) if (a.ids[i] !== b.ids[i]) return false;
  return true;
}
