// What is sent for one completion: the prompt and how tokens are sampled.

/** A prompt as chat messages or, for models without a chat template, as text to continue. */
export type Prompt =
  | { messages: { role: "system" | "user" | "assistant"; content: string }[] }
  | { text: string };

/** How one completion is sampled. `temperature` 0 is greedy. */
export interface Sampling {
  temperature: number;
  top_p: number;
  max_tokens: number;
  /** An answer ends before the first of these texts, also where the server ignores them. */
  stop: readonly string[];
}
