// The slow clients of dashboard_load.ts, in a process of their own: idle streams that are hardly ever read, slow
// readers, requests that are too large and requests that are nonsense.   bun trainer/faults/slow_clients.ts URL CLIENTS
// The parent switches them on and off; the process answers with the number of streams that are open.

import { connect } from "node:net";

const [url, count] = [process.argv[2]!, Number(process.argv[3])];
const { host, hostname, port } = new URL(url);
let stop: AbortController | null = null;
let streams = new Set<number>();

/** One stream on a socket of its own. One in ten reads on, slowly; the others take nothing after the greeting. */
function watch(i: number, signal: AbortSignal): void {
  const socket = connect(Number(port), hostname);
  signal.addEventListener("abort", () => socket.destroy());
  socket.on("error", () => {});
  socket.write(`GET /api/events HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  socket.on("data", () => {
    if (!signal.aborted) streams.add(i);
    socket.pause();
    if (i % 10 === 0) setTimeout(() => socket.resume(), 20);
  });
}

async function misbehave(signal: AbortSignal): Promise<void> {
  const headers = { "content-type": "application/json", "x-ghpo": "1" };
  while (!signal.aborted) {
    await fetch(`${url}api/runs/0/steering`, { method: "POST", headers, body: "x".repeat(1 << 20), signal })
      .catch(() => {}); // the server closes the connection before it has read so much
    await fetch(`${url}api/runs/0/steering`, { method: "POST", headers, body: '{"action":', signal });
    await fetch(`${url}api/runs/0/metrics?points=1e9`, { signal });
    await Bun.sleep(100);
  }
}

process.on("message", (message: unknown) => {
  if (message === "on" && stop === null) {
    stop = new AbortController();
    const { signal } = stop;
    for (let i = 0; i < count; i++) watch(i, signal);
    void misbehave(signal).catch(() => {});
  } else if (message === "off") {
    stop?.abort();
    stop = null;
    streams = new Set();
  }
});
setInterval(() => process.send?.(streams.size), 20);
