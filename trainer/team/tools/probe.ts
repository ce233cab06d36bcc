// A rank that does nothing but meet the others, for the tests of the team.
//   mpirun -n 4 bun trainer/team/tools/probe.ts MODE [--rank R] [--deadline SECONDS]
// The modes from `throw` on make rank R go wrong between two meetings.

import { parseArgs } from "node:util";
import { NonFiniteError } from "../../run/nonfinite.ts";
import { DEADLINE_S, inTeam } from "../join.ts";
import { requireSame, type Team } from "../team.ts";
import { Random } from "#shared/problems/rng.ts";
import { sha256 } from "#shared/io/hash.ts";

const { positionals: [mode = "sum"], values } = parseArgs({
  allowPositionals: true,
  options: {
    rank: { type: "string", default: "1" },
    deadline: { type: "string", default: String(DEADLINE_S) },
    floats: { type: "string", default: "1000000" },
  },
});
const odd = Number(values.rank);

/** Rank 0's answer is the test's. */
function say(team: Team, value: unknown): void {
  if (team.first) console.log(JSON.stringify(value));
}

/** When the deadline of the others begins. */
function stamp(): void {
  console.error(`fault at ${Date.now()}`);
}

/** What one rank's gradient might be: of very different sizes, so that each order of adding shows in the bits. */
function numbers(rank: number, length: number): Float32Array {
  const random = new Random(17, rank);
  return Float32Array.from({ length }, () => (2 * random.real() - 1) * 10 ** random.between(-6, 3));
}

const MODES: Record<string, (team: Team) => Promise<void>> = {
  async sum(team) {
    const values_ = numbers(team.rank, Number(values.floats));
    await team.allReduce("the exchange", values_);
    const digests = await team.allGather("the digests", () => sha256(new Uint8Array(values_.buffer)));
    say(team, { size: team.size, equal: new Set(digests).size === 1, digest: digests[0] });
  },
  /** Seconds for 540 MB, the best of three. */
  async time(team) {
    const gradient = new Float32Array(135_000_000).fill(team.rank + 1);
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      await team.allGather("the start", () => null);
      const began = performance.now();
      await team.allReduce("the exchange", gradient);
      times.push((performance.now() - began) / 1000);
    }
    say(team, { size: team.size, bytes: gradient.byteLength, seconds: times });
  },
  async share(team) {
    const items = Array.from({ length: 7 }, (_, i) => i);
    const squares = await team.share(
      "squares",
      items,
      (own) => Promise.resolve(own.map((i) => [i, i * i, team.rank])),
    );
    say(team, squares);
  },
  async fromFirst(team) {
    const quick = await team.fromFirst("a word", () => team.rank);
    // Twice the deadline: rank 0 is slow, and says that it is still there.
    const slow = await team.fromFirst(
      "a pause",
      () => Bun.sleep(2000 * (team.first ? 1 : 0) * Number(values.deadline)),
      true,
    );
    const all = await team.allGather("the end of it", () => [quick, slow ?? null]);
    say(team, all);
  },
  async throw(team) {
    await team.allGather("a meeting", () => null);
    if (team.rank === odd) throw new TypeError("Cannot read a row as it is torn");
    await team.allGather("the next meeting", () => null);
  },
  async "throw-in-work"(team) {
    await team.allGather("a meeting", () => {
      if (team.rank === odd) throw new NonFiniteError("loss", NaN, { batch: [1] });
    });
  },
  /** Every rank gets the same error of a class of its own, and continues. */
  async caught(team) {
    const seen = await team.allGather("a meeting", () => {
      if (team.rank === odd) throw new NonFiniteError("loss", NaN, { batch: [1] });
    }).catch((error) => error);
    const all = await team.allGather(
      "the next",
      () => [seen instanceof NonFiniteError, seen.message, seen.detail],
    );
    say(team, all);
  },
  async exit(team) {
    await team.allGather("a meeting", () => null);
    if (team.rank === odd) process.exit(0);
    await team.allGather("the next meeting", () => null);
  },
  async unhandled(team) {
    await team.allGather("a meeting", () => null);
    if (team.rank === odd) void Promise.reject(new Error("nobody listens"));
    await Bun.sleep(200);
    await team.allGather("the next meeting", () => null);
  },
  async kill(team) {
    await team.allGather("a meeting", () => null);
    if (team.rank === odd) process.kill(process.pid, "SIGKILL");
    await team.allGather("the next meeting", () => null);
  },
  async hang(team) {
    await team.allGather("a meeting", () => null);
    if (team.rank === odd) {
      stamp();
      for (;;);
    }
    await team.allGather("the next meeting", () => null);
  },
  async sleep(team) {
    await team.allGather("a meeting", () => null);
    await team.allGather(
      "the next meeting",
      () => team.rank === odd ? (stamp(), new Promise(() => {})) : null,
    );
  },
  async elsewhere(team) {
    await team.allGather(team.rank === odd ? "a place of its own" : "a meeting", () => null);
  },
  async differs(team) {
    await requireSame(team, () => ({ recipe: "a", "the data file": team.rank === odd ? "c" : "b" }));
  },
};

const run = MODES[mode];
if (!run) throw new TypeError(`Cannot run the mode ${mode}: use ${Object.keys(MODES).join(", ")}`);
await inTeam(Number(values.deadline), run);
