// Types of permissions.mjs.

export function forEvaluator(args: string[], cwd?: string): string[];
