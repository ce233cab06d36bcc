// The service's settings from the environment, or from the bindings that an edge worker gets with each request, which
// come first. Whatever does not fit is refused before the first request: a limit that is misspelt would be none.

/** Who may call: nobody, everybody (one must say so), or who knows the token. */
export type Access = "closed" | "open" | { token: string };

/** An address prefix that evaluations may be sent to. */
export interface AllowedEndpoint {
  origin: string;
  path: string;
}

/** What the settings say; the store and the checkpoints come from the host. */
export interface ServiceSettings {
  access: Access;
  endpoints: readonly AllowedEndpoint[];
  maxBodyBytes: number;
  requestsPerMinute: number;
}

export const DEFAULT_BODY_BYTES = 4_000_000;
export const DEFAULT_REQUESTS = 60_000;

/** Looks settings up by name; undefined where there is none. */
export type Lookup = (name: string) => string | undefined;

/** Reads the settings. Throws one sentence about the first that does not fit. */
export function readSettings(lookup: Lookup): ServiceSettings {
  return {
    access: accessOf(lookup("GHPO_TOKEN"), lookup("GHPO_ACCESS")),
    endpoints: parseEndpoints(lookup("GHPO_ENDPOINTS") ?? "", "GHPO_ENDPOINTS"),
    maxBodyBytes: wholeNumber(lookup, "GHPO_MAX_BODY_BYTES", DEFAULT_BODY_BYTES),
    requestsPerMinute: wholeNumber(lookup, "GHPO_REQUESTS_PER_MINUTE", DEFAULT_REQUESTS),
  };
}

/** A lookup in bindings first, in the process's environment second. */
export function lookupIn(bindings: unknown): Lookup {
  const { process } = globalThis as { process?: { env?: Record<string, unknown> } };
  return (name) => {
    const bound = typeof bindings === "object" && bindings !== null ? Reflect.get(bindings, name) : undefined;
    if (typeof bound === "string" || typeof bound === "number") return String(bound);
    try {
      const value = process?.env?.[name];
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined; // Deno without permission for this variable: as if it were not set, which is closed
    }
  };
}

/** An empty token is none, and none is closed. */
function accessOf(token: string | undefined, access: string | undefined): Access {
  const secret = token?.trim() ?? "";
  if (access !== undefined && access !== "" && access !== "open") {
    throw new TypeError(`Cannot serve as GHPO_ACCESS must be "open" or absent: current value is "${access}"`);
  }
  if (access !== "open") return secret === "" ? "closed" : { token: secret };
  if (secret === "") return "open";
  throw new TypeError(
    "Cannot serve as GHPO_ACCESS=open and GHPO_TOKEN exclude each other: unset one of them",
  );
}

/** The prefixes of a comma-separated list. Throws for the first that is no address of http or https. */
export function parseEndpoints(list: string, name: string): AllowedEndpoint[] {
  return list.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "").map((entry) => {
    const url = URL.canParse(entry) ? new URL(entry) : null;
    const plain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
    if (url === null || !plain || !/^https?:$/.test(url.protocol)) {
      throw new TypeError(
        `Cannot serve as each of ${name} must be an address such as https://api.example.com/v1: current value is ${entry}`,
      );
    }
    return { origin: url.origin, path: url.pathname.replace(/\/+$/, "") };
  });
}

function wholeNumber(lookup: Lookup, name: string, fallback: number): number {
  const text = lookup(name)?.trim() ?? "";
  if (text === "") return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1e9) return value;
  throw new RangeError(
    `Cannot serve as ${name} must be a whole number from 1 to 1000000000: current value is ${text}`,
  );
}
