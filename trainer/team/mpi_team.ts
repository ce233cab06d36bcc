// The process group over MPI. Every collective call begins with a meeting: each rank sends a short message to every
// other one and sleeps between polls until it has theirs. So nobody spins while another rank computes, a rank that
// fails tells all others in that message, and a rank that waits too long knows for whom.

import { deserialize, serialize } from "bun:jsc";
import { DeviceLostError } from "#shared/engine/gpu/device.ts";
import { TreeAllReduce } from "./all_reduce.ts";
import { fromSent, type SentError, toSent } from "./errors.ts";
import type { Mpi, Request } from "./mpi.ts";
import { interleave, oddRank, ownItems, type Team } from "./team.ts";

/** What a rank tells the others when it comes: the number of the meeting, whether it failed, the bytes to follow. */
const NUMBERS = 3;
const WORD_BYTES = 104;
const TEXT_BYTES = WORD_BYTES - NUMBERS * 8;
const TAG = 7;
const LARGEST = 2 ** 31 - 1;
/** Seconds that a rank waits for others to tell them of an error before it aborts the job. */
const LAST_WORDS_S = 10;
/** Later than the rank that reports, so that one sentence is printed. */
const GRACE_S = 3;

interface Word {
  failed: boolean;
  bytes: number;
  what: string;
}

/** A rank that failed meets the others where they are. */
const ANYWHERE = "";

export class MpiTeam implements Team {
  readonly rank: number;
  readonly size: number;
  readonly first: boolean;
  #meetings = 0;
  #waited = 0;
  #exchanged = 0;
  readonly #reduction: TreeAllReduce;
  /** Errors that all ranks have. */
  readonly #agreed = new WeakSet<object>();

  /** @param deadline seconds that a rank waits for others */
  constructor(readonly mpi: Mpi, readonly deadline: number) {
    this.rank = mpi.rank;
    this.size = mpi.size;
    this.first = mpi.rank === 0;
    this.#reduction = new TreeAllReduce(mpi, (request, what) => this.#until(request, what));
  }

  async allGather<T>(what: string, work: () => Promise<T> | T): Promise<T[]> {
    let value: { ok: T } | { failed: unknown };
    try {
      value = { ok: await work() };
    } catch (error) {
      value = { failed: error };
    }
    const failed = "failed" in value;
    const own = "ok" in value ? value.ok : toSent(value.failed);
    const sent = await this.#exchange(what, failed, serialize(own));
    return sent.map((bytes) => deserialize(bytes.slice().buffer) as T);
  }

  async fromFirst<T>(what: string, work: () => Promise<T> | T, unhurried = false): Promise<T> {
    const run = async () => ({ value: await work() });
    if (!unhurried) return (await this.allGather(what, () => this.first ? run() : null))[0]!.value;
    const pending = this.first ? run() : undefined;
    pending?.catch(() => {}); // thrown below
    for (;;) {
      // Long before the others lose patience they hear that rank 0 is still there.
      const still = () => Bun.sleep(this.deadline * 250).then(() => null);
      const [answer] = await this.allGather(what, () => pending ? Promise.race([pending, still()]) : null);
      if (answer) return answer.value;
    }
  }

  async share<I, R>(
    what: string,
    items: readonly I[],
    work: (own: readonly I[]) => Promise<R[]>,
  ): Promise<R[]> {
    return interleave(await this.allGather(what, () => work(ownItems(items, this))), items.length);
  }

  async allReduce(what: string, values: Float32Array): Promise<void> {
    this.#reduction.check(values);
    if (this.size === 1) return;
    await this.#exchange(what, false, new ArrayBuffer(0));
    const began = performance.now();
    await this.#reduction.sum(what, values);
    this.#exchanged += performance.now() - began;
  }

  times(): Record<string, number> {
    const times = { "team/wait": this.#waited / 1000, "team/exchange": this.#exchanged / 1000 };
    this.#waited = this.#exchanged = 0;
    return times;
  }

  async agree(error: unknown): Promise<unknown> {
    // After a lost device all ranks continue together; any other error ends the run, so the job is aborted with it where
    // the others do not come soon.
    const patience = error instanceof DeviceLostError ? this.deadline : Math.min(this.deadline, LAST_WORDS_S);
    if (this.#agreed.has(error as object)) return error;
    const sent = toSent(error);
    const sentence = `rank ${this.rank}: ${sent.message}`;
    const meeting = this.#exchange(ANYWHERE, true, serialize(sent), patience, sentence);
    return await meeting.catch((agreed) => agreed);
  }

  /** Whether all ranks are at their end: only then may MPI be left. */
  async leave(): Promise<void> {
    await this.#exchange("the end", false, serialize(null));
  }

  /** Ends all ranks with a sentence. */
  abort(sentence: string): never {
    console.error(`error: ${sentence}`);
    Bun.sleepSync(500); // MPICH's proxy drops what it has not read from a rank that aborts
    this.mpi.abort(1);
  }

  /** What every rank sends, after a meeting. @throws the error of the first rank that sent one. */
  async #exchange(
    what: string,
    failed: boolean,
    value: ArrayBufferLike,
    patience = this.deadline,
    sentence?: string,
  ): Promise<Uint8Array[]> {
    const bytes = new Uint8Array(value);
    const words = await this.#meet(what, { failed, bytes: bytes.length, what }, patience, sentence);
    const began = performance.now();
    const total = words.reduce((sum, word) => sum + word.bytes, 0);
    if (total > LARGEST) {
      throw new RangeError(`Cannot exchange ${total} bytes as ${what} may have at most ${LARGEST}`);
    }
    const all = new Uint8Array(total);
    const lengths = Int32Array.from(words, (word) => word.bytes);
    if (total > 0) await this.#until(this.mpi.allGatherParts(bytes, all, lengths), what, patience);
    this.#exchanged += performance.now() - began;
    let at = 0;
    const parts = words.map((word) => all.subarray(at, at += word.bytes));
    const wrong = words.findIndex((word) => word.failed);
    if (wrong < 0) return parts;
    this.#meetings = 0; // who came from anywhere has counted others
    const sent = (rank: number) => deserialize(parts[rank]!.slice().buffer) as SentError;
    const { message } = sent(wrong);
    const everywhere = words.every((word, rank) => word.failed && sent(rank).message === message);
    const error = fromSent(sent(wrong), everywhere ? null : wrong);
    this.#agreed.add(error);
    throw error;
  }

  /** Waits until every rank has come, and resolves with their words. */
  async #meet(what: string, word: Word, patience = this.deadline, sentence?: string): Promise<Word[]> {
    const began = performance.now();
    const own = written(this.#meetings++, word);
    const words = Array.from({ length: this.size }, () => new Uint8Array(WORD_BYTES));
    words[this.rank]!.set(own);
    const others = [...words.keys()].filter((rank) => rank !== this.rank);
    const sends = others.map((rank) => this.mpi.send(own, rank, TAG));
    const receives = new Map(others.map((rank) => [rank, this.mpi.receive(words[rank]!, rank, TAG)]));
    for (let polls = 0;; polls++) {
      for (const [rank, request] of receives) if (request.test()) receives.delete(rank);
      if (receives.size === 0 && sends.every((send) => send.test())) break;
      const waited = (performance.now() - began) / 1000;
      // All may have come, and one not have heard that this rank has: its link is cut, or it hangs.
      const unheard = others.filter((_, i) => !sends[i]!.test());
      this.#checkPatience(waited, patience, what, [...receives.keys()], unheard, sentence);
      if (polls < 20) this.mpi.yield();
      else await Bun.sleep(Math.min(20, 1 + waited * 20));
    }
    this.#waited += performance.now() - began;
    const met = words.map((bytes) => read(bytes));
    const different = oddRank(met.map(({ number, word }) => [number, word.what]));
    // Who comes to say that it failed may come from anywhere.
    if (different !== null && !met.some(({ word }) => word.failed)) {
      const place = (rank: number) => `rank ${rank} is at ${met[rank]!.word.what}`;
      throw new Error(
        `Cannot continue as all ranks must be at the same point: ${place(different.odd)}, ${
          place(different.usual)
        }`,
      );
    }
    return met.map(({ word }) => word);
  }

  /** Aborts the job when the others have had their time; the lowest of those that came is the first to say so. */
  #checkPatience(
    waited: number,
    patience: number,
    what: string,
    missing: number[],
    unheard: number[],
    sentence?: string,
  ): void {
    if (waited <= patience) return;
    const came = [...Array(this.size).keys()].filter((rank) => !missing.includes(rank));
    if (came[0] !== this.rank && waited <= patience + GRACE_S) return;
    if (sentence !== undefined) this.abort(sentence);
    const network = unheard.length === 0 ? "the network" : `the network to rank ${unheard.join(", ")}`;
    const names = missing.length === 0 ? network : `rank ${missing.join(", ")}`;
    this.abort(
      `Cannot continue as ${names} must reach ${what} within ${patience} s (--deadline): rank ${
        came.join(", ")
      } waited`,
    );
  }

  /** Moves an operation on until it has ended. All ranks are in it, so the cores are free for it. */
  async #until(request: Request, what: string, patience = this.deadline): Promise<void> {
    const began = performance.now();
    for (let slice = began; !request.test();) {
      const now = performance.now();
      if (now - slice > 50) {
        this.#checkPatience((now - began) / 1000, patience, what, [], []);
        await Bun.sleep(0); // signals
        slice = now;
      }
      this.mpi.yield();
    }
  }
}

function written(number: number, { failed, bytes, what }: Word): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  new Float64Array(word.buffer, 0, NUMBERS).set([number, failed ? 1 : 0, bytes]);
  new TextEncoder().encodeInto(what, word.subarray(NUMBERS * 8));
  return word;
}

function read(word: Uint8Array): { number: number; word: Word } {
  const [number, failed, bytes] = new Float64Array(word.buffer, 0, NUMBERS);
  const what = new TextDecoder().decode(word.subarray(WORD_BYTES - TEXT_BYTES)).replace(/\0+$/, "");
  return { number: number!, word: { failed: failed === 1, bytes: bytes!, what } };
}
