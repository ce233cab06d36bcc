// MPI by bun:ffi: the one file that knows it. One binding serves three ABIs, as handles are passed as 64-bit numbers:
// where a handle is an int (MPICH), the callee looks at the lower half.
//
// Nothing here blocks: a call that spins on cores which other ranks need may not return for minutes. Whoever waits polls,
// sleeps in between and has a deadline (team.ts).

import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";
import { spawn } from "node:child_process";
import { readText } from "#shared/io/files.ts";

const { i32, i64_fast: i64, ptr: pointer, cstring } = FFIType;

const FUNCTIONS = {
  MPI_Init_thread: { args: [i64, i64, i32, pointer], returns: i32 },
  MPI_Comm_rank: { args: [i64, pointer], returns: i32 },
  MPI_Comm_size: { args: [i64, pointer], returns: i32 },
  MPI_Get_library_version: { args: [pointer, pointer], returns: i32 },
  MPI_Isend: { args: [pointer, i32, i64, i32, i32, i64, pointer], returns: i32 },
  MPI_Irecv: { args: [pointer, i32, i64, i32, i32, i64, pointer], returns: i32 },
  MPI_Ialltoall: { args: [pointer, i32, i64, pointer, i32, i64, i64, pointer], returns: i32 },
  MPI_Iallgather: { args: [pointer, i32, i64, pointer, i32, i64, i64, pointer], returns: i32 },
  MPI_Iallgatherv: { args: [pointer, i32, i64, pointer, pointer, pointer, i64, i64, pointer], returns: i32 },
  MPI_Test: { args: [pointer, pointer, i64], returns: i32 },
  MPI_Finalize: { args: [], returns: i32 },
  MPI_Abort: { args: [i64, i32], returns: i32 },
} as const;

/** Handles that an ABI gives as numbers, or as addresses of symbols. */
interface Abi {
  name: string;
  world: number | string;
  byte: number | string;
  statusIgnore: number;
  funneled: number;
}
const OPEN_MPI: Abi = {
  name: "Open MPI",
  world: "ompi_mpi_comm_world",
  byte: "ompi_mpi_byte",
  statusIgnore: 0,
  funneled: 1,
};
const MPICH: Abi = { name: "MPICH", world: 0x44000000, byte: 0x4c00010d, statusIgnore: 1, funneled: 1 };
const FORUM: Abi = { name: "MPI 5", world: 0x101, byte: 0x247, statusIgnore: 0, funneled: 1024 };

/** What starts ranks on a machine, as the system names it. Slurm's ends with its step. */
const STARTERS = /^(mpirun|mpiexec|orted|prte|hydra_pmi)/;
/** Seconds that it has to end an aborted job. */
const ENDS_S = 2;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

export interface Launch {
  /** Processes that the launcher says it has started, if it does. */
  size: number | null;
  /** Shared libraries that go with the launcher, the likeliest first. */
  libraries: readonly string[];
}

/** What mpirun or srun has left in the environment; null when neither has started this process. */
export function launchOf(environment: Record<string, string | undefined>): Launch | null {
  const number = (key: string) => environment[key] === undefined ? null : Number(environment[key]);
  const { GHPO_MPI: chosen } = environment;
  const launch = (size: number | null, ...libraries: string[]): Launch => ({
    size,
    libraries: chosen ? [chosen] : libraries,
  });
  const mpich = ["libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.1"];
  const open = ["libmpi.so.40"];
  if (environment["OMPI_COMM_WORLD_SIZE"] !== undefined) {
    return launch(number("OMPI_COMM_WORLD_SIZE"), ...open);
  }
  if (environment["PMI_SIZE"] !== undefined) return launch(number("PMI_SIZE"), ...mpich);
  const tasks = number("SLURM_STEP_NUM_TASKS");
  if (environment["PMIX_RANK"] !== undefined) return launch(tasks, ...open, ...mpich);
  if (environment["PMI_RANK"] !== undefined || (tasks ?? 1) > 1) return launch(tasks, ...mpich, ...open);
  return null;
}

/** An operation under way; what it reads and writes stays alive with it. */
export class Request {
  readonly #slot = new BigInt64Array(1); // MPICH uses half of it
  readonly #flag = new Int32Array(1);
  #done = false;

  constructor(readonly mpi: Mpi, start: (request: Pointer) => number, readonly buffers: readonly unknown[]) {
    mpi.check(start(ptr(this.#slot)));
  }

  /** Moves the operation on and says whether it has ended. */
  test(): boolean {
    this.#done ||= this.mpi.test(ptr(this.#slot), this.#flag);
    return this.#done;
  }
}

export class Mpi {
  readonly rank: number;
  readonly size: number;
  /** Such as "MPICH Version: 4.0.2". */
  readonly version: string;
  readonly #calls: ReturnType<typeof open>["calls"];
  readonly #abi: Abi;
  readonly #world: number;
  readonly #byte: number;
  readonly #libc = dlopen("libc.so.6", {
    exit: { args: [i32], returns: FFIType.void },
    sched_yield: { args: [], returns: i32 },
    prctl: { args: [i32, i64, i64, i64, i64], returns: i32 },
  }).symbols;

  /** Enters the job. Only once in a process. */
  constructor(launch: Launch) {
    const { calls, abi, symbol } = open(launch.libraries);
    this.#calls = calls;
    this.#abi = abi;
    // About one abort in a hundred, MPICH 4.0's proxy ends without the ranks that it has started; they end with it so.
    // Open MPI starts them from a thread of its own, whose end would count as its end.
    if (abi !== OPEN_MPI) this.#libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    const handle = (value: number | string) => typeof value === "string" ? symbol(value) : value;
    [this.#world, this.#byte] = [handle(abi.world), handle(abi.byte)];
    const out = new Int32Array(1);
    this.check(calls.MPI_Init_thread(0, 0, abi.funneled, ptr(out)));
    const read = (call: "MPI_Comm_rank" | "MPI_Comm_size") => {
      this.check(calls[call](this.#world, ptr(out)));
      return out[0]!;
    };
    this.rank = read("MPI_Comm_rank");
    this.size = read("MPI_Comm_size");
    const text = new Uint8Array(16384);
    this.check(calls.MPI_Get_library_version(ptr(text), ptr(out)));
    this.version = new TextDecoder().decode(text.subarray(0, out[0])).split(/[\n,\0]/)[0]!.replace(
      /\s+/g,
      " ",
    );
    if (launch.size !== null && launch.size !== this.size) {
      const [rank, size] = [this.rank, this.size];
      this.finalize();
      throw new Error(
        `Cannot join the other ranks as the library must belong to the launcher, which has started ${launch.size} ` +
          `processes: current library is ${this.version}, which sees rank ${rank} of ${size}; ` +
          "GHPO_MPI names another one",
      );
    }
  }

  send(bytes: Uint8Array, to: number, tag: number): Request {
    const start = (request: Pointer) =>
      this.#calls.MPI_Isend(ptr(bytes), bytes.length, this.#byte, to, tag, this.#world, request);
    return new Request(this, start, [bytes]);
  }

  receive(bytes: Uint8Array, from: number, tag: number): Request {
    const start = (request: Pointer) =>
      this.#calls.MPI_Irecv(ptr(bytes), bytes.length, this.#byte, from, tag, this.#world, request);
    return new Request(this, start, [bytes]);
  }

  /** Part j of `from` goes to rank j; part i of `to` comes from rank i. */
  allToAll(from: Uint8Array, to: Uint8Array): Request {
    const count = from.length / this.size;
    const [byte, world] = [this.#byte, this.#world];
    const start = (request: Pointer) =>
      this.#calls.MPI_Ialltoall(ptr(from), count, byte, ptr(to), count, byte, world, request);
    return new Request(this, start, [from, to]);
  }

  /** The parts of all ranks, of one length, in their order. */
  allGather(part: Uint8Array, all: Uint8Array): Request {
    const [byte, world] = [this.#byte, this.#world];
    const start = (request: Pointer) =>
      this.#calls.MPI_Iallgather(ptr(part), part.length, byte, ptr(all), part.length, byte, world, request);
    return new Request(this, start, [part, all]);
  }

  /** The same with parts of these lengths. */
  allGatherParts(part: Uint8Array, all: Uint8Array, lengths: Int32Array): Request {
    const starts = new Int32Array(this.size);
    for (let i = 1; i < this.size; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!;
    const [byte, world] = [this.#byte, this.#world];
    const start = (request: Pointer) =>
      this.#calls.MPI_Iallgatherv(
        ...[ptr(part), part.length, byte, ptr(all), ptr(lengths), ptr(starts), byte, world, request] as const,
      );
    return new Request(this, start, [part, all, lengths, starts]);
  }

  test(request: Pointer, flag: Int32Array): boolean {
    this.check(this.#calls.MPI_Test(request, ptr(flag), this.#abi.statusIgnore));
    return flag[0] !== 0;
  }

  /** Lets another process have the core. */
  yield(): void {
    this.#libc.sched_yield();
  }

  check(code: number): void {
    if (code !== 0) throw new Error(`Cannot continue as MPI must answer 0: current answer is ${code}`);
  }

  /** Only when all ranks do: an early one leaves the others waiting for ever. */
  finalize(): void {
    this.check(this.#calls.MPI_Finalize());
  }

  /** Ends the processes of all ranks. */
  abort(code: number): never {
    endStarter();
    this.#calls.MPI_Abort(this.#world, code);
    throw new Error("Cannot abort the job"); // not reached
  }

  /** After `finalize`. Bun runs no C exit handlers, and MPICH 5 tells its launcher only in one that all went well. */
  exit(code: number): never {
    this.#libc.exit(code);
    throw new Error("Cannot exit"); // not reached
  }
}

/**
 * Makes sure that the starter of this rank ends, too: where a link is cut, Open MPI's waits for ever for machines that
 * do not answer. A process of a session of its own looks, as this one is about to be killed.
 */
function endStarter(): void {
  const starter = process.ppid;
  const nameOf = (pid: number) => readText(`/proc/${pid}/comm`).trim();
  try {
    const name = nameOf(starter);
    if (!STARTERS.test(name)) return;
    const script = `sleep ${ENDS_S}; [ "$(cat /proc/${starter}/comm)" = "${name}" ] && kill -9 ${starter}`;
    spawn("sh", ["-c", script], {
      detached: true,
      stdio: "ignore",
      env: { PATH: process.env["PATH"] },
    }).unref();
  } catch {
    // Not Linux, or no shell: who started this waits for a person.
  }
}

function open(libraries: readonly string[]) {
  const libc = dlopen("libc.so.6", {
    dlopen: { args: [cstring, i32], returns: pointer },
    dlsym: { args: [pointer, cstring], returns: pointer },
  }).symbols;
  const text = (value: string) => ptr(Buffer.from(`${value}\0`)) as unknown as never;
  for (const name of libraries) {
    const library = libc.dlopen(text(name), 2 | 0x100); // RTLD_NOW | RTLD_GLOBAL, which Open MPI's plug-ins need
    if (!library) continue;
    const find = (symbol: string) => libc.dlsym(library, text(symbol));
    const calls = dlopen(name, FUNCTIONS).symbols;
    let abi = MPICH;
    if (find("MPI_Abi_get_version")) {
      const { MPI_Abi_get_version } = dlopen(name, {
        MPI_Abi_get_version: { args: [pointer, pointer], returns: i32 },
      }).symbols;
      const out = new Int32Array(2);
      MPI_Abi_get_version(ptr(out), ptr(out, 4));
      if (out[0]! >= 1) abi = FORUM;
    }
    if (abi === MPICH && find("ompi_mpi_comm_world")) abi = OPEN_MPI;
    return { calls, abi, symbol: (name: string) => Number(find(name)) };
  }
  throw new Error(
    `Cannot join the other ranks as none of ${
      libraries.join(", ")
    } can be loaded: put the folder of the launcher's ` +
      "library into LD_LIBRARY_PATH, or its path into GHPO_MPI",
  );
}
