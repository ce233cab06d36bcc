// What the loops know of the process group that trains one model: each rank calls the same methods in the same order, and
// whatever decides something is the same on all afterwards. Alone, every method is the work itself.
//
// An error on one rank becomes the same error on all of them at their next common call.

export interface Team {
  readonly rank: number;
  readonly size: number;
  /** Whether this is rank 0, which alone locks, writes, steers, saves and speaks. */
  readonly first: boolean;

  /**
   * The results of all ranks, in their order.
   * @param what where a rank that does not come is missed, such as "the exchange of gradients"
   */
  allGather<T>(what: string, work: () => Promise<T> | T): Promise<T[]>;

  /** A broadcast: rank 0's result on all. `unhurried`: however long it takes, as while a run is paused. */
  fromFirst<T>(what: string, work: () => Promise<T> | T, unhurried?: boolean): Promise<T>;

  /** Deals items over the ranks, round-robin; every rank gets all results, in the order of the items. */
  share<I, R>(what: string, items: readonly I[], work: (own: readonly I[]) => Promise<R[]>): Promise<R[]>;

  /** Adds up, element by element, as a binary tree over the ranks (all_reduce.ts). The length must be a multiple of their number. */
  allReduce(what: string, values: Float32Array): Promise<void>;

  /** The error as all ranks have it: the others hear of it where they next come together. */
  agree(error: unknown): Promise<unknown>;

  /** Seconds since the last call that this rank has waited for others and exchanged; nothing when alone. */
  times(): Record<string, number>;
}

export const SOLO: Team = {
  rank: 0,
  size: 1,
  first: true,
  allGather: async (_what, work) => [await work()],
  fromFirst: async (_what, work) => await work(),
  share: async (_what, items, work) => await work(items),
  allReduce: () => Promise.resolve(),
  agree: (error) => Promise.resolve(error),
  times: () => ({}),
};

/** Items that this rank takes when they are dealt round-robin. */
export function ownItems<I>(items: readonly I[], { rank, size }: Pick<Team, "rank" | "size">): I[] {
  return items.filter((_, i) => i % size === rank);
}

/** The results of all ranks put back into the order of the items that were dealt. */
export function interleave<R>(byRank: readonly (readonly R[])[], count: number): R[] {
  return Array.from({ length: count }, (_, i) => {
    const own = byRank[i % byRank.length]!;
    const index = Math.floor(i / byRank.length);
    if (index >= own.length) {
      throw new RangeError(
        `Cannot put ${count} results together as rank ${i % byRank.length} must have more than ${index}: ` +
          `current number is ${own.length}`,
      );
    }
    return own[index]!;
  });
}

/** Where values differ: the first rank that has not the one that most have, and the first that has it. */
export function oddRank(values: readonly unknown[]): { odd: number; usual: number } | null {
  const texts = values.map((value) => JSON.stringify(value));
  const count = (text: string | undefined) => texts.filter((other) => other === text).length;
  const usual = texts.reduce((best, text, rank) => count(text) > count(texts[best]) ? rank : best, 0);
  const odd = texts.findIndex((text) => text !== texts[usual]);
  return odd < 0 ? null : { odd, usual };
}

/**
 * Refuses ranks that would train something else than the others; alone, nothing is computed.
 * @param facts what must be the same on all, by a name to show it under; texts are shown as they are
 * @throws Error that names the first rank, the fact and both values
 */
export async function requireSame(
  team: Team,
  facts: () => Record<string, unknown> | Promise<Record<string, unknown>>,
): Promise<void> {
  if (team.size === 1) return;
  const all = await team.allGather("the comparison of ranks", facts);
  const shown = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
  for (const name of new Set(all.flatMap(Object.keys))) {
    const found = oddRank(all.map((own) => own[name] ?? null));
    if (found === null) continue;
    const { odd, usual } = found;
    throw new Error(
      `Cannot train as ${name} must be the same on all ranks: rank ${odd} has ${
        shown(all[odd]![name] ?? "none")
      }, ` +
        `rank ${usual} has ${shown(all[usual]![name] ?? "none")}`,
    );
  }
}
