/** What scripts/driver.mjs finds. */
export function ensureVulkan(options?: { hide?: string }): Promise<{
  rung?: string;
  adapter?: { vendor: string; architecture: string; device: string; description: string };
  env: Record<string, string>;
  /** The sentence to show when there is no driver. */
  missing?: string;
}>;
