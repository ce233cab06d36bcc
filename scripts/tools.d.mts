// Types of tools.mjs.

export const TOOLS: { bun: string; deno: string };
