// Types of nats.mjs for the tests of the trainer.

export function ensureNats(): Promise<{ program: string } | { missing: string }>;
