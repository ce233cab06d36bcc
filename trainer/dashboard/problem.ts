// Errors of the dashboard as RFC 9457 problem documents.

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  500: "Internal Server Error",
};

/** An error that is meant for the caller. */
export class HttpProblem extends Error {
  override name = "HttpProblem" as const;
  constructor(readonly status: number, detail: string) {
    super(detail);
  }
}

export function problemResponse({ status, message }: HttpProblem): Response {
  const body = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail: message };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}
