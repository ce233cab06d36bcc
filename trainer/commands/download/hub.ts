// The hub's public HTTP interface: the files of a revision with their digests, and one file, from any byte on. The
// token goes to the hub alone, never to the store that it redirects to.

import * as v from "valibot";

export interface Hub {
  /** Address without a slash at its end. */
  endpoint: string;
  token: string | undefined;
}

export type Kind = "model" | "dataset";

export interface HubFile {
  path: string;
  bytes: number;
  /** SHA-256 of a large file; of a small one git's SHA-1 of "blob SIZE\0" and the content. */
  sha256: string | null;
  git_sha1: string | null;
}

const InfoSchema = v.object({
  sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  siblings: v.array(v.object({
    rfilename: v.pipe(v.string(), v.check((path) => !/^[/\\]|\\|(?:^|\/)\.\.?(?:\/|$)/.test(path))),
    size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    blobId: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/))),
    lfs: v.nullish(v.object({ sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) })),
  })),
});

/** The commit that a revision (a branch, tag or commit) is, and its files. Throws one sentence. */
export async function listFiles(
  hub: Hub,
  kind: Kind,
  name: string,
  revision: string,
): Promise<{ commit: string; files: HubFile[] }> {
  const url = `${hub.endpoint}/api/${kind}s/${name}/revision/${encodeURIComponent(revision)}?blobs=true`;
  const response = await request(hub, url, {});
  if (!response.ok) throw await refusal(response, hub, kind, name, revision);
  const parsed = v.safeParse(InfoSchema, await response.json());
  if (!parsed.success) {
    throw new Error(`Cannot download ${name} as ${url} gave a response of an unknown form`);
  }
  const { sha: commit, siblings } = parsed.output;
  const files = siblings.map(({ rfilename, size, blobId, lfs }): HubFile => ({
    path: rfilename,
    bytes: size,
    sha256: lfs?.sha256 ?? null,
    git_sha1: lfs ? null : blobId ?? null,
  }));
  return { commit, files };
}

/** The bytes of a file from an offset on: a response with status 200 (all of it) or 206. Throws one sentence. */
export async function openFile(
  hub: Hub,
  kind: Kind,
  name: string,
  commit: string,
  path: string,
  offset: number,
): Promise<Response> {
  const place = kind === "dataset" ? `datasets/${name}` : name;
  const url = `${hub.endpoint}/${place}/resolve/${commit}/${
    path.split("/").map(encodeURIComponent).join("/")
  }`;
  const response = await request(hub, url, offset > 0 ? { range: `bytes=${offset}-` } : {});
  if (!response.ok) throw await refusal(response, hub, kind, name, path);
  return response;
}

/** Follows redirects by hand, so that the token stays with the hub. */
async function request(hub: Hub, url: string, headers: Record<string, string>): Promise<Response> {
  let address = new URL(url);
  for (let redirects = 0; redirects <= 5; redirects++) {
    const isHub = address.origin === new URL(hub.endpoint).origin;
    const own = isHub && hub.token !== undefined ? { authorization: `Bearer ${hub.token}` } : {};
    const response = await fetch(address, { headers: { ...headers, ...own }, redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    address = new URL(location, address);
  }
  throw new Error(`Cannot download ${url} as it redirects too many times`);
}

async function refusal(response: Response, hub: Hub, kind: Kind, name: string, what: string): Promise<Error> {
  await response.body?.cancel();
  const page = `${hub.endpoint}/${kind === "dataset" ? "datasets/" : ""}${name}`;
  if (response.status === 401 || response.status === 403) {
    // The hub says 401 for what does not exist, too.
    const token = hub.token === undefined ? "set HF_TOKEN" : "the token in HF_TOKEN does not allow it";
    return new Error(
      `Cannot download ${name} as it does not exist, is private or is gated: look at ${page}, accept its terms there, ` +
        `and ${token}`,
    );
  }
  if (response.status === 404) {
    const other = kind === "dataset" ? "without --dataset it is a model" : "a data set needs --dataset";
    return new Error(`Cannot download ${name} as there is no such ${kind} or no ${what} in it (${other})`);
  }
  return new HubError(`Cannot download ${name} as ${hub.endpoint} answers ${response.status}`);
}

/** A failure that may pass. */
export class HubError extends Error {}
