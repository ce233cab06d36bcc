// The audience of dashboard_load.ts, in a process of its own: idle streams that are hardly ever read, slow readers,
// requests that are too large and requests that are nonsense.   bun trainer/faults/audience.ts URL CLIENTS
// Its parent switches it on and off; it answers with the number of streams that are open.

const [url, count] = [process.argv[2]!, Number(process.argv[3])];
let stop: AbortController | null = null;
let streams = new Set<number>();

async function watch(i: number, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${url}api/events`, { signal });
  const reader = response.body!.getReader();
  signal.addEventListener("abort", () => void reader.cancel().catch(() => {})); // frees the connection at once
  await reader.read();
  streams.add(i);
  while (!signal.aborted) {
    await Bun.sleep(i % 10 === 0 ? 20 : 60_000); // one in ten reads on, slowly
    await reader.read();
  }
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
  if (message === "on") {
    stop = new AbortController();
    const { signal } = stop;
    for (let i = 0; i < count; i++) void watch(i, signal).catch(() => {});
    void misbehave(signal).catch(() => {});
  } else if (message === "off") {
    stop?.abort();
    streams = new Set();
  }
});
setInterval(() => process.send?.(streams.size), 20);
