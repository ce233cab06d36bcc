// The service on every runtime, as a real server with an endpoint that it may call, for suites over HTTP.

import { after, before, describe } from "node:test";
import assert from "node:assert/strict";
import { syntheticProblems, targetText } from "#shared/problems/synthetic.ts";
import { startEndpoint, type TestServer } from "./endpoint.ts";
import { freePort, runtimes, type Service } from "./services.ts";

export const TOKEN = "correct horse battery staple";
export const golds = syntheticProblems({
  families: ["chain"],
  levels: [1, 2, 3, 4, 5],
  count: 10,
  seed: 3,
  split: "held_out",
});
/** By question: the right answer to every other problem, a wrong one to the rest. */
export const textOf = new Map(
  golds.map((problem, i) => [problem.text, i % 2 === 0 ? targetText(problem)! : "####999"]),
);

/** What a suite needs of the service that it tests. */
export interface ServiceUnderTest {
  name: string;
  readonly url: string;
  /** That the service may call. It answers as `textOf` says. */
  readonly endpoint: TestServer;
  /** A request with the token: GET, or POST of a body. */
  call(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The RFC 9457 problem in an answer. */
  problemOf(response: Response): Promise<{ status: number; detail: string }>;
  /** Kills the service and starts it on the same store. */
  restart(): Promise<void>;
}

/** Registers the suite once for each runtime, over a service of its own. */
export function onEveryRuntime(suite: (service: ServiceUnderTest) => void): void {
  for (const { name, skip, start } of runtimes) {
    describe(`service on ${name}`, { skip }, () => {
      let service: Service;
      let endpoint: TestServer;
      const state = Deno.makeTempDirSync();
      const env = (): Record<string, string> => ({
        PORT: String(freePort()),
        GHPO_TOKEN: TOKEN,
        GHPO_ENDPOINTS: endpoint.url,
        GHPO_MAX_BODY_BYTES: "20000",
        GHPO_REQUESTS_PER_MINUTE: "600",
      });
      before(async () => {
        endpoint = startEndpoint((prompt) => textOf.get(prompt) ?? "####0");
        service = await start(env(), state);
      });
      after(async () => {
        await service?.stop();
        await endpoint[Symbol.asyncDispose]();
        Deno.removeSync(state, { recursive: true });
      });
      const call = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> =>
        fetch(service.url + path, {
          method: body === undefined ? "GET" : "POST",
          headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        });
      const problemOf = async (response: Response): Promise<{ status: number; detail: string }> => {
        assert.equal(response.headers.get("content-type"), "application/problem+json");
        const problem = await response.json();
        assert.equal(problem.status, response.status);
        return problem;
      };
      suite({
        name,
        get url() {
          return service.url;
        },
        get endpoint() {
          return endpoint;
        },
        call,
        problemOf,
        restart: async () => {
          await service.stop();
          service = await start(env(), state);
        },
      });
    });
  }
}
