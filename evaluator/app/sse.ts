// Server-sent events as a byte stream: Elysia's own helper fails on Deno, and bytes work everywhere.

/** A response that sends each item as one event. The iterator is closed when the client goes away. */
export function eventStream(items: AsyncIterable<{ event: string; data: unknown }>): Response {
  const encoder = new TextEncoder();
  const iterator = items[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) return controller.close();
      controller.enqueue(encoder.encode(`event: ${value.event}\ndata: ${JSON.stringify(value.data)}\n\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}
