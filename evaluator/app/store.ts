// Where the service keeps its evaluations: a small key-value store with three implementations. Memory forgets
// with the isolate, the Durable Object (workerd) and the file store (file_store.ts) do not.

/** Text values under text keys. */
export interface Store {
  get(key: string): Promise<string | null>;
  put(entries: Record<string, string>): Promise<void>;
  /** The values whose keys start with a prefix, in key order. */
  list(prefix: string): Promise<string[]>;
  /** How many keys start with a prefix. */
  count(prefix: string): Promise<number>;
  /** Leases up to `most` of the names of a group that nobody holds at `now`, until `until`; in one step. */
  lease(claim: Claim): Promise<string[]>;
  release(group: string, names: readonly string[]): Promise<void>;
}

/** What is to be leased. Times are in ms. */
export interface Claim {
  group: string;
  names: readonly string[];
  most: number;
  now: number;
  until: number;
}

/** The names of a claim that are free, given the leases there are. */
function free({ names, most, now }: Claim, until: (name: string) => number | undefined): string[] {
  return names.filter((name) => (until(name) ?? 0) <= now).slice(0, most);
}

/** Keeps everything in memory. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, string>();
  readonly #leases = new Map<string, Map<string, number>>();

  get(key: string): Promise<string | null> {
    return Promise.resolve(this.#values.get(key) ?? null);
  }

  put(entries: Record<string, string>): Promise<void> {
    for (const [key, value] of Object.entries(entries)) this.#values.set(key, value);
    return Promise.resolve();
  }

  list(prefix: string): Promise<string[]> {
    const found = [...this.#values].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) =>
      a < b ? -1 : 1
    );
    return Promise.resolve(found.map(([, value]) => value));
  }

  count(prefix: string): Promise<number> {
    let found = 0;
    for (const key of this.#values.keys()) if (key.startsWith(prefix)) found++;
    return Promise.resolve(found);
  }

  lease(claim: Claim): Promise<string[]> {
    const held = this.#leases.get(claim.group) ?? new Map<string, number>();
    this.#leases.set(claim.group, held);
    const taken = free(claim, (name) => held.get(name));
    for (const name of taken) held.set(name, claim.until);
    return Promise.resolve(taken);
  }

  release(group: string, names: readonly string[]): Promise<void> {
    const held = this.#leases.get(group);
    for (const name of names) held?.delete(name);
    if (held?.size === 0) this.#leases.delete(group);
    return Promise.resolve();
  }
}

/** What is used of a Durable Object's storage. */
interface DurableStorage {
  get(key: string): Promise<string | undefined>;
  put(entries: Record<string, string>): Promise<void>;
  delete(keys: string[]): Promise<unknown>;
  list(options: { prefix: string }): Promise<Map<string, string>>;
}

type Operation =
  | { get: string }
  | { put: Record<string, string> }
  | { list: string }
  | { count: string }
  | { lease: Claim }
  | { release: { group: string; names: readonly string[] } };

/** Keys that the storage takes at a time. */
const BATCH = 128;

/** What is used of a Durable Object binding. */
export interface DurableBinding {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(address: string, init: { method: string; body: string }): Promise<Response> };
}

/** The Durable Object class: the store's operations over its own storage. */
export class EvaluationStore {
  readonly #storage: DurableStorage;

  constructor(state: { storage: DurableStorage }) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    return Response.json(await this.#answer(await request.json() as Operation) ?? null);
  }

  async #answer(operation: Operation): Promise<unknown> {
    if ("get" in operation) return await this.#storage.get(operation.get);
    if ("list" in operation) return [...(await this.#storage.list({ prefix: operation.list })).values()];
    if ("count" in operation) return (await this.#storage.list({ prefix: operation.count })).size;
    if ("put" in operation) return await this.#put(operation.put);
    if ("release" in operation) {
      const { group, names } = operation.release;
      for (let i = 0; i < names.length; i += BATCH) {
        await this.#storage.delete(names.slice(i, i + BATCH).map((name) => `lease/${group}/${name}`));
      }
      return null;
    }
    // No other request is served while the object waits for its storage, so this is one step.
    const claim = operation.lease;
    const prefix = `lease/${claim.group}/`;
    const held = await this.#storage.list({ prefix });
    const taken = free(claim, (name) => {
      const until = held.get(prefix + name);
      return until === undefined ? undefined : Number(until);
    });
    await this.#put(Object.fromEntries(taken.map((name) => [prefix + name, String(claim.until)])));
    return taken;
  }

  async #put(values: Record<string, string>): Promise<void> {
    const entries = Object.entries(values);
    for (let i = 0; i < entries.length; i += BATCH) {
      await this.#storage.put(Object.fromEntries(entries.slice(i, i + BATCH)));
    }
  }
}

/** Talks to the one Durable Object that holds all evaluations. */
export class DurableStore implements Store {
  readonly #binding: DurableBinding;

  constructor(binding: DurableBinding) {
    this.#binding = binding;
  }

  async get(key: string): Promise<string | null> {
    return await this.#call({ get: key }) as string | null;
  }

  async put(entries: Record<string, string>): Promise<void> {
    await this.#call({ put: entries });
  }

  async list(prefix: string): Promise<string[]> {
    return await this.#call({ list: prefix }) as string[];
  }

  async count(prefix: string): Promise<number> {
    return await this.#call({ count: prefix }) as number;
  }

  async lease(claim: Claim): Promise<string[]> {
    return await this.#call({ lease: claim }) as string[];
  }

  async release(group: string, names: readonly string[]): Promise<void> {
    await this.#call({ release: { group, names } });
  }

  async #call(operation: Operation): Promise<unknown> {
    const object = this.#binding.get(this.#binding.idFromName("evaluations"));
    const response = await object.fetch("http://store/", { method: "POST", body: JSON.stringify(operation) });
    return await response.json();
  }
}
