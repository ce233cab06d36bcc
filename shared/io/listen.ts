// Why a server cannot listen, in one sentence instead of the runtimes' own, which differ.

import { messageOf } from "#shared/text/format.ts";
import { errorCode } from "./files.ts";

const REASONS: Record<string, string> = {
  EADDRINUSE: "another program does: give another port, or 0 for any free one",
  EADDRNOTAVAIL:
    "this machine has no such address: give one of its own, such as 127.0.0.1, or 0.0.0.0 for all",
  EACCES: "the system reserves the port: give one above 1023",
};

/** "Cannot listen on port 80 of 127.0.0.1 as ...". */
export function listenError(port: number, host: string, cause: unknown): Error {
  const reason = REASONS[errorCode(cause) ?? ""];
  const detail = reason === undefined ? `: ${messageOf(cause)}` : ` as ${reason}`;
  return new Error(`Cannot listen on port ${port} of ${host}${detail}`, { cause });
}
