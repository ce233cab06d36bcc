// GRPO (arXiv 2402.03300): no hints.

import { stateless, strategy, UNGUIDED } from "./types.ts";

export const grpo = strategy({ name: "grpo", settings: {}, ...stateless, next: () => UNGUIDED });
