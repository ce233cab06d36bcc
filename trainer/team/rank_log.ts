// ranks.json in the run directory: who the ranks of the session are and what part of the time each has waited for the
// others. The dashboard shows it. A run that a single process continues has none.

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { remove } from "#shared/io/files.ts";
import type { Team } from "./team.ts";

const FILE = "ranks.json";
const seconds = v.pipe(v.number(), v.minValue(0));

export const RanksSchema = v.strictObject({
  /** Since the session began. */
  seconds,
  ranks: v.array(v.strictObject({
    host: v.string(),
    adapter: v.string(),
    /** Seconds of it that the rank has waited for others. */
    wait: seconds,
    /** And seconds that it has exchanged with them. */
    exchange: seconds,
  })),
});
export type Ranks = v.InferOutput<typeof RanksSchema>;

export function ranksFile(run: string): string {
  return join(run, FILE);
}

export class RankLog {
  readonly #began = performance.now();

  private constructor(readonly path: string, readonly ranks: Ranks["ranks"], readonly writes: boolean) {}

  /** The log of a session that begins; what another session has left goes. */
  static async begin(team: Team, run: string, adapter: string): Promise<RankLog> {
    const ranks = await team.allGather(
      "the names of ranks",
      () => ({ host: hostname(), adapter, wait: 0, exchange: 0 }),
    );
    const path = ranksFile(run);
    if (team.first && existsSync(path)) remove(path);
    return new RankLog(path, ranks, team.first && team.size > 1);
  }

  /** Adds what `Team.times` of every rank says of a step. */
  add(times: readonly Record<string, number>[]): void {
    if (!this.writes) return;
    for (const [rank, own] of this.ranks.entries()) {
      own.wait += times[rank]!["team/wait"] ?? 0;
      own.exchange += times[rank]!["team/exchange"] ?? 0;
    }
    const seconds = (performance.now() - this.#began) / 1000;
    writeFileAtomic(this.path, JSON.stringify({ seconds, ranks: this.ranks } satisfies Ranks) + "\n");
  }
}
