import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { Random } from "#shared/problems/rng.ts";
import { launchOf } from "./mpi.ts";
import { addInto, addTree } from "./all_reduce.ts";
import { assignmentOf } from "./rank_adapter.ts";
import type { GradientStore } from "../learner/policy.ts";
import { Shards } from "./shards.ts";
import { interleave, ownItems, requireSame, SOLO, type Team } from "./team.ts";

const LENGTH = 1000;

function numbers(shard: number): Float32Array {
  const random = new Random(5, shard);
  return Float32Array.from({ length: LENGTH }, () => (2 * random.real() - 1) * 10 ** random.between(-6, 3));
}

/** Gradients that a test puts there and takes away. */
class Store implements GradientStore {
  step = () => Promise.resolve({ grad_norm: 1 });
  readonly gradientLength = LENGTH;
  values = new Float32Array(LENGTH);
  takeGradients(into: Float32Array): Promise<void> {
    into.set(this.values);
    this.values.fill(0);
    return Promise.resolve();
  }
  putGradients(from: Float32Array): void {
    this.values.set(from);
  }
}

/** A rank whose others are computed by the test: `allReduce` and `allGather` see the values that it is given. */
function rankOf(rank: number, size: number, others: (own: unknown) => unknown[]): Team {
  return {
    ...SOLO,
    rank,
    size,
    first: rank === 0,
    allGather: async (_, work) => others(await work()) as never,
  };
}

describe("the gradients of shards", () => {
  /** The tree over all shards, written down for eight. */
  function tree(count: number): Float32Array {
    const add = (a: Float32Array, b: Float32Array) => a.map((x, i) => x + b[i]!);
    let level = Array.from({ length: count }, (_, shard) => numbers(shard));
    while (level.length > 1) {
      level = level.filter((_, i) => i % 2 === 0).map((a, i) => add(a, level[2 * i + 1]!));
    }
    return level[0]!;
  }

  it("are added as one binary tree, whatever the number of ranks", async () => {
    const expected = tree(8);
    const inOrder = numbers(0);
    for (let shard = 1; shard < 8; shard++) addInto(inOrder, numbers(shard));
    assert.notDeepEqual(inOrder, expected, "the order shows in the bits");
    for (const size of [1, 2, 4, 8]) {
      const rows = new Float32Array(size * LENGTH);
      for (let rank = 0; rank < size; rank++) {
        const store = new Store();
        const shards = new Shards(rankOf(rank, size, (own) => [own]), store, 8, "train.shards");
        const seen = await shards.run("a test", (shard) => {
          store.putGradients(numbers(shard));
          return Promise.resolve(shard);
        });
        assert.deepEqual(seen, Array.from({ length: 8 / size }, (_, i) => rank * (8 / size) + i));
        rows.set(store.values, rank * LENGTH); // this rank's part, as `sum` does nothing here
      }
      addTree(rows, LENGTH, size);
      assert.deepEqual(rows.subarray(0, LENGTH), expected, `${size} ranks`);
    }
  });

  it("stay where they are with one shard", async () => {
    const store = new Store();
    store.takeGradients = () => assert.fail("nothing is to be read back");
    assert.deepEqual(
      await new Shards(SOLO, store, 1, "train.shards").run("a test", (shard) => Promise.resolve(shard)),
      [0],
    );
  });

  it("are of examples dealt by length, in their order", () => {
    const examples = [9, 1, 5, 5, 2, 8, 3, 7].map((length, id) => ({
      id,
      ids: new Array<number>(length).fill(id),
      prompt_length: 1,
    }));
    const shards = new Shards(SOLO, new Store(), 4, "train.shards").deal(examples);
    assert.deepEqual(shards.map((shard) => shard.reduce((sum, { ids }) => sum + ids.length, 0)), [
      10,
      10,
      10,
      10,
    ]);
    assert.deepEqual(shards.flat().map(({ id }) => id).sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
    for (const shard of shards) assert.deepEqual(shard, shard.toSorted((a, b) => a.id - b.id));
    assert.deepEqual(new Shards(SOLO, new Store(), 2, "").deal([examples[0]!]).map((shard) => shard.length), [
      1,
      0,
    ]);
  });

  it("keeps completions of one prompt together as far as the shards stay even", () => {
    const group = (prompt: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ ids: [prompt, prompt, prompt, i, i], prompt_length: 3 }));
    const deal = (...examples: { ids: number[]; prompt_length: number }[]) =>
      new Shards(SOLO, new Store(), 2, "").deal(examples).map((shard) => shard.map(({ ids }) => ids[0]));
    assert.deepEqual(deal(...group(1, 3), ...group(2, 3)), [[1, 1, 1], [2, 2, 2]]);
    assert.deepEqual(deal(...group(1, 6)).map((shard) => shard.length).sort(), [2, 4], "one group is cut");
  });

  it("are refused for ranks that do not divide the shards", () => {
    for (
      const [size, count, reason] of [
        [2, 1, "train.shards must be at least 2: current value is 1; add --train.shards 2 to a new run"],
        [4, 2, "train.shards must be at least 4: current value is 2; add --train.shards 4 to a new run"],
        [3, 4, "their number must be a power of two"],
      ] as const
    ) {
      assert.throws(
        () => new Shards(rankOf(0, size, () => []), new Store(), count, "train.shards"),
        { message: `Cannot train on ${size} ranks as ${reason}` },
      );
    }
  });
});

describe("dealing over ranks", () => {
  it("brings every result back to its place", () => {
    for (const [count, size] of [[0, 3], [2, 3], [7, 3], [8, 4], [5, 1]] as const) {
      const items = Array.from({ length: count }, (_, i) => i);
      const byRank = Array.from(
        { length: size },
        (_, rank) => ownItems(items, { rank, size }).map((i) => i * i),
      );
      assert.deepEqual(interleave(byRank, count), items.map((i) => i * i));
    }
  });

  it("refuses too few results", () => {
    assert.throws(() => interleave([[1], []], 2), /rank 1 must have more than 0: current number is 0/);
  });
});

describe("ranks that would train something else", () => {
  it("are refused by name", async () => {
    const team = rankOf(0, 3, (own) => [own, own, { recipe: "r", "the adapter": "SwiftShader" }]);
    await assert.rejects(
      requireSame(team, () => ({ recipe: "r", "the adapter": "llvmpipe" })),
      /Cannot train as the adapter must be the same on all ranks: rank 2 has SwiftShader, rank 0 has llvmpipe/,
    );
    await requireSame(SOLO, () => assert.fail("nothing is to be computed"));
  });
});

describe("launchOf", () => {
  it("knows launchers by what they leave in the environment", () => {
    assert.equal(launchOf({}), null);
    assert.equal(launchOf({ SLURM_JOB_ID: "1", SLURM_NTASKS: "4", SLURM_STEP_NUM_TASKS: "1" }), null);
    assert.deepEqual(launchOf({ OMPI_COMM_WORLD_SIZE: "4", PMIX_RANK: "0" }), {
      size: 4,
      libraries: ["libmpi.so.40"],
    });
    assert.deepEqual(launchOf({ PMI_RANK: "0", PMI_SIZE: "2" })?.libraries[0], "libmpi.so.12");
    assert.equal(launchOf({ PMIX_RANK: "3", SLURM_STEP_NUM_TASKS: "8" })?.size, 8);
    assert.equal(
      launchOf({ SLURM_STEP_NUM_TASKS: "8" })?.size,
      8,
      "srun that starts no MPI is found out by the size",
    );
    assert.deepEqual(launchOf({ PMI_SIZE: "2", GHPO_MPI: "/opt/libmpi.so" })?.libraries, ["/opt/libmpi.so"]);
  });
});

describe("the adapter of a rank", () => {
  it("comes from its place among the ranks of its machine", () => {
    const setting = "DRI_PRIME=pci-0000_01_00_0,VK_DRIVER_FILES=/a.json";
    assert.deepEqual(assignmentOf(setting, { MPI_LOCALRANKID: "1" }), ["VK_DRIVER_FILES", "/a.json"]);
    assert.deepEqual(assignmentOf(setting, { OMPI_COMM_WORLD_LOCAL_RANK: "0" }), [
      "DRI_PRIME",
      "pci-0000_01_00_0",
    ]);
    for (const wrong of ["", "x", "=1"]) {
      assert.throws(
        () => assignmentOf(wrong, { SLURM_LOCALID: "0" }),
        /Cannot choose the adapter of local rank 0/,
      );
    }
    assert.throws(() => assignmentOf(setting, { SLURM_LOCALID: "2" }), /local rank 2/);
  });
});
