export function forEvaluator(args: string[]): string[];
