// The checkpoints that `serve` offers: each is opened at its first use and one is kept in memory at a time,
// because two might not fit the GPU; batches of different callers take turns.

import type { OpenCheckpoint } from "../app/evaluations.ts";
import { refuseCheckpoint } from "../app/guard.ts";
import { type OpenedModel, openLocalModel } from "../sources/local_model.ts";

/** A function that opens the listed directories, each by its name as it was listed, and refuses all others. */
export function servedCheckpoints(directories: readonly string[]): OpenCheckpoint {
  let kept: { name: string; model: OpenedModel } | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const runExclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };
  const drop = (): void => {
    kept?.model.close();
    kept = null;
  };
  const take = async (name: string): Promise<OpenedModel> => {
    if (kept?.name !== name) {
      drop();
      kept = { name, model: await openLocalModel(name) };
    }
    return kept.model;
  };
  return async (name) => {
    if (!directories.includes(name)) refuseCheckpoint();
    const first = await runExclusive(() => take(name));
    return {
      identity: first.identity,
      digest: first.digest,
      engine: first.engine,
      context: first.context,
      encode: (prompt) => first.encode(prompt),
      unknownWord: (prompt) => first.unknownWord(prompt),
      decode: (ids) => first.decode(ids),
      // Another caller's checkpoint may have taken the place meanwhile.
      generate: (requests, options) =>
        runExclusive(async () => {
          const model = await take(name);
          if (model.digest !== first.digest) {
            throw new Error(`Cannot generate as ${name} has changed since it was opened`);
          }
          try {
            return await model.generate(requests, options);
          } catch (error) {
            drop(); // a lost device answers never again; the next caller gets a new one
            throw error;
          }
        }),
    };
  };
}
