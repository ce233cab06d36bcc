// One completion: what a source reports of it, and the record that is kept.

/** What a source reports of one completion. */
export interface SampleOutput {
  text: string;
  /** The model's reasoning where the server sends it apart from the answer. */
  reasoning?: string;
  /** null: the source gives another reason or none. */
  finish_reason: "stop" | "length" | null;
  /** Generated tokens, reasoning included, if the source counts them. */
  tokens: number | null;
  /** Tokens of the prompt and of the reasoning alone, if the source counts them. */
  prompt_tokens?: number;
  reasoning_tokens?: number;
  /** A word of the prompt with characters unknown to the model's tokenizer, which read another text there. */
  unknown_word?: string;
  /** Times the request was sent. */
  attempts: number;
  /** Wall time of the last attempt, ms; null where samples are generated in batches. */
  latency_ms: number | null;
}

/** One finished sample as the journal keeps it. */
export interface SampleRecord extends SampleOutput {
  type: "sample";
  key: string;
  benchmark: string;
  problem_id: string;
  repeat: number;
}
