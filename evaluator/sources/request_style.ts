// How a server wants to be asked.

/** What is sent besides the defaults. */
export interface RequestStyle {
  /** Keys of the usual body that the server does not take: `seed`, `top_p`, ... */
  omit?: readonly string[];
  /** Keys added to the body, over the usual ones. */
  extraBody?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** Send the limit as `max_completion_tokens`, as OpenAI's reasoning models want it. */
  maxCompletionTokens?: boolean;
  /** Azure OpenAI: the model names a deployment, the key has a header of its own. */
  azureApiVersion?: string;
}
