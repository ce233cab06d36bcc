// Types of cache.mjs.

export const ROOT: string;
export const CACHE: string;
