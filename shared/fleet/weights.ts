// Weights through the server's object store: a list of files, named by its own digest, and the files by theirs. What
// does not have its digest is not opened.

import { jetstream } from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { fileEntry, sha256 } from "#shared/io/hash.ts";
import { openBytes, writeBytes } from "#shared/io/streams.ts";
import { pipelined } from "./pipelined.ts";
import { type Manifest, readManifest, WEIGHTS } from "./protocol.ts";

/** A server takes messages of 1 MB unless it is told otherwise. */
const CHUNK_BYTES = 512 << 10;
/** Of them on their way to the server at a time. */
const CHUNKS = 16;
/** For one of them to be acknowledged, over a slow link too. */
const CHUNK_TIMEOUT_MS = 60_000;

export class WeightStore {
  readonly #known = new Set<string>();

  private constructor(readonly store: ObjectStore) {}

  /** The learner makes the bucket; a worker may only read it. */
  static async open(connection: NatsConnection, create: boolean): Promise<WeightStore> {
    const manager = new Objm(pipelined(jetstream(connection), CHUNKS));
    return new WeightStore(await (create ? manager.create(WEIGHTS) : manager.open(WEIGHTS)));
  }

  /**
   * Stores files of a directory.
   * @param base digest of the model that they are adapters of
   * @returns the digest under which `fetch` gives them
   */
  async publish(directory: string, names: readonly string[], base: string | null): Promise<string> {
    const files = names.map((path) => fileEntry(directory, path));
    for (const file of files) {
      if (this.#known.has(file.sha256) || await this.#holds(file)) continue;
      const options = { max_chunk_size: CHUNK_BYTES };
      const bytes = openBytes(`${directory}/${file.path}`);
      await this.store.put({ name: file.sha256, options }, bytes, { timeout: CHUNK_TIMEOUT_MS });
      this.#known.add(file.sha256);
    }
    const manifest: Manifest = { files, base };
    return await this.put(new TextEncoder().encode(JSON.stringify(manifest)));
  }

  /** Stores bytes. @returns their digest, under which `get` gives them */
  async put(bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes);
    await this.store.putBlob({ name: digest }, bytes);
    return digest;
  }

  /** @throws Error when the server holds other bytes or none */
  async get(digest: string): Promise<Uint8Array> {
    const bytes = await this.store.getBlob(digest);
    if (bytes === null || sha256(bytes) !== digest) throw missing(digest);
    return bytes;
  }

  /** Whether an earlier process has stored it. */
  async #holds({ sha256, bytes }: Manifest["files"][number]): Promise<boolean> {
    const info = await this.store.info(sha256);
    if (info === null || info.deleted || info.size !== bytes || hexOf(info.digest) !== sha256) return false;
    this.#known.add(sha256);
    return true;
  }

  async manifest(digest: string): Promise<Manifest> {
    return readManifest(await this.get(digest));
  }

  /** Writes the files into a directory. @throws Error when one is not what its name says */
  async fetch({ files }: Manifest, directory: string): Promise<void> {
    for (const file of files) {
      const found = await this.store.get(file.sha256);
      // Reading fails unless the bytes have the digest of `info`.
      if (found === null || hexOf(found.info.digest) !== file.sha256) throw missing(file.sha256);
      found.error.catch(() => {}); // where the server goes away, reading fails too
      await writeBytes(`${directory}/${file.path}`, found.data);
      const error = await found.error;
      if (error) throw error;
    }
  }

  /** Removes what only this list of files needs. */
  async remove(digest: string, keep: readonly string[]): Promise<void> {
    const { files } = await this.manifest(digest);
    const kept = new Set(
      (await Promise.all(keep.map((each) => this.manifest(each)))).flatMap((each) =>
        each.files.map((file) => file.sha256)
      ),
    );
    for (const { sha256: name } of files.filter((file) => !kept.has(file.sha256))) {
      await this.store.delete(name);
      this.#known.delete(name);
    }
    await this.store.delete(digest);
  }
}

/** A digest as NATS writes it, "SHA-256=" and base64url, in hexadecimal; anything else is undefined. */
function hexOf(digest: string): string | undefined {
  const base64 = /^SHA-256=([\w-]{43}=)$/.exec(digest)?.[1];
  return base64 && Uint8Array.fromBase64(base64, { alphabet: "base64url" }).toHex();
}

function missing(digest: string): Error {
  return new Error(`Cannot load weights as the server must hold the object with the SHA-256 ${digest}`);
}
