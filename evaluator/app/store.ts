// Where the service keeps its evaluations: a small key-value store with three implementations. Memory forgets
// with the isolate, the Durable Object (workerd) and the file store (file_store.ts) do not.

/** Text values under text keys. `list` returns the values whose keys start with a prefix, in key order. */
export interface Store {
  get(key: string): Promise<string | null>;
  put(entries: Record<string, string>): Promise<void>;
  list(prefix: string): Promise<string[]>;
}

/** Keeps everything in memory. */
export class MemoryStore implements Store {
  readonly #values = new Map<string, string>();

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
}

/** What is used of a Durable Object's storage. */
interface DurableStorage {
  get(key: string): Promise<string | undefined>;
  put(entries: Record<string, string>): Promise<void>;
  list(options: { prefix: string }): Promise<Map<string, string>>;
}

/** What is used of a Durable Object binding. */
export interface DurableBinding {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(address: string, init: { method: string; body: string }): Promise<Response> };
}

/** The Durable Object class: the store's three operations over its own storage. */
export class EvaluationStore {
  readonly #storage: DurableStorage;

  constructor(state: { storage: DurableStorage }) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    const operation = await request.json() as { get: string } | { put: Record<string, string> } | {
      list: string;
    };
    if ("get" in operation) return Response.json(await this.#storage.get(operation.get) ?? null);
    if ("list" in operation) {
      return Response.json([...(await this.#storage.list({ prefix: operation.list })).values()]);
    }
    const entries = Object.entries(operation.put);
    // The storage takes at most 128 keys at a time.
    for (let i = 0; i < entries.length; i += 128) {
      await this.#storage.put(Object.fromEntries(entries.slice(i, i + 128)));
    }
    return Response.json(null);
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

  async #call(operation: object): Promise<unknown> {
    const object = this.#binding.get(this.#binding.idFromName("evaluations"));
    const response = await object.fetch("http://store/", { method: "POST", body: JSON.stringify(operation) });
    return await response.json();
  }
}
