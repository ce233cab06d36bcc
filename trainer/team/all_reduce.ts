// The all-reduce of gradients: a sum over ranks, element by element, added as one fixed binary tree. MPI_Allreduce adds in
// an order of its own, which depends on the library and the number of ranks. Here an all-to-all gives each rank its part
// of everyone's numbers, the rank adds these up, and an all-gather hands the sums out.

import type { Mpi, Request } from "./mpi.ts";

/** Floats that are exchanged at once: 32 MB. */
const BUCKET = 8 << 20;

export class TreeAllReduce {
  /** What the other ranks have sent; kept from call to call. */
  #received: Float32Array | undefined;

  /** @param ended waits for an operation of MPI */
  constructor(
    readonly mpi: Pick<Mpi, "size" | "allToAll" | "allGather">,
    readonly ended: (request: Request, what: string) => Promise<void>,
  ) {}

  /** @throws RangeError unless every rank can have an equal part of the numbers */
  check({ length }: Float32Array): void {
    const { size } = this.mpi;
    if (length % size === 0) return;
    throw new RangeError(
      `Cannot add up ${length} numbers as there must be a multiple of ${size}, the number of ranks`,
    );
  }

  /** Replaces the values by their sums over all ranks. @param what names the call where a rank does not come */
  async sum(what: string, values: Float32Array): Promise<void> {
    const { mpi } = this;
    const bucket = Math.ceil(BUCKET / mpi.size) * mpi.size;
    this.#received ??= new Float32Array(Math.min(bucket, values.length));
    for (let at = 0; at < values.length; at += bucket) {
      const own = values.subarray(at, at + bucket);
      const received = this.#received.subarray(0, own.length);
      await this.ended(mpi.allToAll(bytesOf(own), bytesOf(received)), what);
      const part = own.length / mpi.size;
      addTree(received, part, mpi.size);
      await this.ended(mpi.allGather(bytesOf(received.subarray(0, part)), bytesOf(own)), what);
    }
  }
}

/** Adds up `count` rows of `length` numbers as a binary tree; the sum is in the first row. `count` is a power of two. */
export function addTree(rows: Float32Array, length: number, count: number): void {
  for (let distance = 1; distance < count; distance *= 2) {
    for (let row = 0; row + distance < count; row += 2 * distance) {
      addInto(rows.subarray(row * length, (row + 1) * length), rows, (row + distance) * length);
    }
  }
}

/** sum[i] += values[first + i] */
export function addInto(sum: Float32Array, values: Float32Array, first = 0): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += values[first + i]!;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
