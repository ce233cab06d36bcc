export const TOOLS: { bun: string; deno: string };
