// download: a checkpoint or a data set of the hub onto the disk. Files that exist are kept, a partial one is resumed,
// each is compared with the hub's digest, and the commit is recorded.

import { messageOf } from "#shared/text/format.ts";
import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { fileError, makeDirectory } from "#shared/io/files.ts";
import { Status } from "../../run/progress.ts";
import { type Hub, HubError, type HubFile, type Kind, listFiles, openFile } from "./hub.ts";

export interface DownloadOptions {
  dataset?: boolean;
  revision: string;
  out?: string;
  include?: string[];
  quiet?: boolean;
  json?: boolean;
}

/** What a model needs to be loaded; weights in other forms are left where they are. */
const MODEL_FILES = ["*.json", "*.safetensors", "*.jinja", "LICENSE*", "README.md"];
const DATA_FILES = [
  "**/*.parquet",
  "**/*.jsonl",
  "**/*.json",
  "**/*.csv",
  "**/*.tsv",
  "**/*.gz",
  "LICENSE*",
  "README.md",
];
const ATTEMPTS = 5;
const MIB = 2 ** 20;

export async function downloadCommand(name: string, options: DownloadOptions): Promise<void> {
  if (!/^[\w-]+(?:\.[\w-]+)*\/[\w.-]+$/.test(name)) {
    throw new TypeError(`Cannot download ${name} as it must look like ORG/NAME`);
  }
  const hub: Hub = {
    endpoint: (process.env["HF_ENDPOINT"] ?? "https://huggingface.co").replace(/\/+$/, ""),
    token: process.env["HF_TOKEN"] || undefined,
  };
  const kind: Kind = options.dataset ? "dataset" : "model";
  const { commit, files } = await again(() => listFiles(hub, kind, name, options.revision));
  const patterns = (options.include ?? (options.dataset ? DATA_FILES : MODEL_FILES)).map((each) =>
    new Bun.Glob(each)
  );
  const wanted = files.filter(({ path }) => patterns.some((pattern) => pattern.match(path)));
  if (wanted.length === 0) {
    const there = files.slice(0, 8).map(({ path }) => path).join(", ");
    throw new Error(
      `Cannot download ${name} as none of its files is wanted: it holds ${there}; choose with --include`,
    );
  }
  const folder = options.out ?? join(options.dataset ? "data" : "models", name.split("/")[1]!);
  const total = Math.max(1, Math.ceil(wanted.reduce((sum, { bytes }) => sum + bytes, 0) / MIB));
  const status = new Status({ total, unit: "MiB", quiet: options.quiet ?? false });
  let done = 0;
  for (const file of wanted) {
    makeDirectory(dirname(join(folder, file.path)));
    const show = (bytes: number) =>
      status.update(Math.min(total, Math.round((done + bytes) / MIB)), file.path);
    await fetchFile(hub, kind, name, commit, file, folder, show);
    done += file.bytes;
  }
  status.end();
  const record = { repository: name, kind, commit, files: wanted.map(({ path }) => path) };
  writeFileAtomic(join(folder, "download.json"), `${JSON.stringify(record, null, 2)}\n`);
  const next = options.dataset
    ? `npm run -s ghpo -- init my.toml --data ${
      join(folder, wanted.find(({ path }) => !/\.md$|^LICENSE/.test(path))?.path ?? "")
    }`
    : `npm run -s ghpo -- init my.toml --model ${folder} --data FILE`;
  console.log(
    options.json
      ? JSON.stringify({ folder, ...record })
      : `${folder}: ${wanted.length} files, ${total} MiB, commit ${commit}\nNext: ${next}`,
  );
}

/** Fetches what is missing of a file; nothing is under its name before its digest is right. */
async function fetchFile(
  hub: Hub,
  kind: Kind,
  name: string,
  commit: string,
  file: HubFile,
  folder: string,
  show: (bytes: number) => void,
): Promise<void> {
  const path = join(folder, file.path);
  if (existsSync(path) && statSync(path).size === file.bytes && isRight(path, file)) return show(file.bytes);
  const part = `${path}.part`;
  await again(async () => {
    let offset = existsSync(part) ? statSync(part).size : 0;
    if (offset > file.bytes) offset = 0;
    if (offset < file.bytes || file.bytes === 0) {
      const response = await openFile(hub, kind, name, commit, file.path, offset);
      if (response.status !== 206) offset = 0;
      await append(part, offset, response, show);
    }
    if (statSync(part).size < file.bytes) {
      throw new HubError(`Cannot download ${file.path} as it ended too early`);
    }
  });
  if (!isRight(part, file)) {
    rmSync(part);
    throw new Error(
      `Cannot download ${file.path} of ${name} as its content is not what the hub's digest says: try again`,
    );
  }
  renameSync(part, path);
}

async function append(
  part: string,
  offset: number,
  response: Response,
  show: (bytes: number) => void,
): Promise<void> {
  let handle: number;
  try {
    handle = openSync(part, offset === 0 ? "w" : "a");
  } catch (cause) {
    throw fileError("write", part, cause);
  }
  try {
    let bytes = offset;
    for await (const chunk of response.body ?? []) {
      try {
        for (let done = 0; done < chunk.length;) done += writeSync(handle, chunk, done);
      } catch (cause) {
        throw fileError("write", part, cause);
      }
      show(bytes += chunk.length);
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isRight(path: string, { bytes, sha256, git_sha1 }: HubFile): boolean {
  if (statSync(path).size !== bytes) return false;
  if (sha256 !== null) return digest(createHash("sha256"), path) === sha256;
  return git_sha1 === null || digest(createHash("sha1").update(`blob ${bytes}\0`), path) === git_sha1;
}

function digest(hash: Hash, path: string): string {
  const file = openSync(path, "r");
  try {
    const chunk = new Uint8Array(MIB);
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      hash.update(chunk.subarray(0, size));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}

/** Tries again after a failure of the network, a second later each time. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isNetwork = error instanceof HubError || error instanceof TypeError ||
        (error instanceof Error && /^E[A-Z]+$|^Connection|^Failed|UND_ERR/.test(String(Object(error).code)));
      if (!isNetwork || attempt === ATTEMPTS) {
        if (!isNetwork || error instanceof HubError) throw error;
        const reason = messageOf(error);
        throw new Error(`Cannot download as the network connection failed: ${reason}`, { cause: error });
      }
      await new Promise((resolve) =>
        setTimeout(resolve, Number(process.env["GHPO_RETRY_MS"] ?? 1000) * attempt)
      );
    }
  }
}
