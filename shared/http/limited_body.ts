// The body of a request as text, with a bound on its size.

import { HttpError } from "./http_error.ts";

/** Reads a body of at most `limit` bytes, whether or not it states its length. Throws 413 beyond. */
export async function limitedBody(request: Request, limit: number): Promise<string> {
  const refuse = () => new HttpError(413, `The body must have at most ${limit} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw refuse();
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > limit) throw refuse();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
