// The dashboard on a port: this machine's own by default, the network's only with a token.

import { listen } from "../serve/listen.ts";
import { createDashboard, type DashboardOptions } from "./app.ts";

export interface ServeOptions extends DashboardOptions {
  /** 0: any free one. */
  port: number;
  hostname: string;
}

export interface ServedDashboard {
  /** What to open, with the token if there is one. */
  url: string;
  runs: number;
  stop(): Promise<void>;
}

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** @throws Error when another address than this machine's own is asked for without a token */
export function serveDashboard(options: ServeOptions): ServedDashboard {
  const { port, hostname, token } = options;
  if (token === null && !LOOPBACK.includes(hostname)) {
    throw new Error(`Cannot listen on ${hostname} as a token is needed there: set GHPO_DASHBOARD_TOKEN`);
  }
  const dashboard = createDashboard(options);
  const server = listen({
    port,
    hostname,
    idleTimeout: 60, // seconds; a stream says something every ten
    maxRequestBodySize: 64 << 10,
    fetch: dashboard.fetch,
  });
  const address = `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}/`;
  return {
    url: token === null ? address : `${address}?token=${encodeURIComponent(token)}`,
    runs: dashboard.runs.length,
    stop: async () => {
      dashboard.live.stop();
      await server.stop(true);
    },
  };
}
