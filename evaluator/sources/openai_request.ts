// The body, headers and address of one request, as a server wants them.

import type { SampleRequest } from "../run/request.ts";
import type { RequestStyle } from "./request_style.ts";

/** The JSON body of a request. */
export function bodyOf(
  { prompt, sampling, seed }: SampleRequest,
  model: string,
  stream: boolean,
  { omit = [], extraBody = {}, maxCompletionTokens = false }: RequestStyle,
): Record<string, unknown> {
  const body: Record<string, unknown> = {
    model,
    ...("messages" in prompt ? { messages: prompt.messages } : { prompt: prompt.text }),
    temperature: sampling.temperature,
    top_p: sampling.top_p,
    [maxCompletionTokens ? "max_completion_tokens" : "max_tokens"]: sampling.max_tokens,
    ...(sampling.stop.length > 0 ? { stop: sampling.stop } : {}),
    seed,
    stream,
    ...(stream ? { stream_options: { include_usage: true } } : {}),
  };
  for (const key of omit) delete body[key];
  return { ...body, ...extraBody };
}

/** The address of a request. */
export function addressOf(
  endpoint: string,
  model: string,
  { prompt }: Pick<SampleRequest, "prompt">,
  { azureApiVersion }: RequestStyle,
): string {
  const route = "messages" in prompt ? "chat/completions" : "completions";
  if (azureApiVersion === undefined) return `${endpoint}/${route}`;
  const deployment = endpoint.includes("/deployments/")
    ? endpoint
    : `${endpoint}/openai/deployments/${encodeURIComponent(model)}`;
  return `${deployment}/${route}?api-version=${encodeURIComponent(azureApiVersion)}`;
}

/** The headers of a request. */
export function headersOf(
  apiKey: string | undefined,
  { headers = {}, azureApiVersion }: RequestStyle,
): Record<string, string> {
  const key: Record<string, string> = !apiKey
    ? {}
    : azureApiVersion === undefined
    ? { authorization: `Bearer ${apiKey}` }
    : { "api-key": apiKey };
  return { "content-type": "application/json", ...key, ...headers };
}

/** What of the style decides answers, as a part of the source's identity; headers may hold secrets and stay out. */
export function identityOf(
  { omit = [], extraBody = {}, maxCompletionTokens, azureApiVersion }: RequestStyle,
): Record<string, string> {
  const style = {
    ...(omit.length > 0 ? { omit: [...omit].sort() } : {}),
    ...(Object.keys(extraBody).length > 0 ? { extra_body: extraBody } : {}),
    ...(maxCompletionTokens ? { max_completion_tokens: true } : {}),
    ...(azureApiVersion === undefined ? {} : { azure_api_version: azureApiVersion }),
  };
  return Object.keys(style).length === 0 ? {} : { style: JSON.stringify(style) };
}
