// Errors of the evaluator's service and of the dashboard as RFC 9457 problem documents. A detail names what the caller can change;
// whatever else went wrong stays on the server.

/** Short names of the statuses in use. */
export const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
};

/** An error that is meant for the caller. */
export class HttpError extends Error {
  override name = "HttpError" as const;
  constructor(readonly status: number, detail: string, readonly headers: Record<string, string> = {}) {
    super(detail);
  }
}

/** The response of a problem. */
export function errorResponse({ status, message, headers }: HttpError): Response {
  const body = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail: message };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}
