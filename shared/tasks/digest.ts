// Hashes of texts by the web's own API, which browsers and edge workers have too.

/** Hex SHA-256 of a string. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** First 32 bits of a string's SHA-256 as an unsigned number: a seed that depends on every character. */
export async function seedOf(text: string): Promise<number> {
  return parseInt((await sha256(text)).slice(0, 8), 16);
}
