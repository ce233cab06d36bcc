// Types of permissions.mjs.

export function forEvaluator(args: string[]): string[];
