// Bun's server, with a sentence where it cannot listen.

import { listenError } from "#shared/io/listen.ts";

interface Options {
  port: number;
  hostname: string;
  /** Seconds. */
  idleTimeout: number;
  maxRequestBodySize?: number;
  fetch(request: Request): Response | Promise<Response>;
}

/** @throws Error that says which port of which address, and why */
export function listen(options: Options): Bun.Server<undefined> {
  try {
    return Bun.serve(options);
  } catch (cause) {
    throw listenError(options.port, options.hostname, cause);
  }
}
