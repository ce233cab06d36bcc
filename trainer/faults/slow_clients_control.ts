// The dashboard and its slow clients (slow_clients.ts) as processes of a script, which end with it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export interface ServedRun extends Disposable {
  url: string;
  /** Resident memory. */
  megabytes(): number;
}

export async function startDashboard(run: string): Promise<ServedRun> {
  const child = endedWithUs(
    Bun.spawn([process.execPath, here("../main.ts"), "dashboard", run, "--port", "0", "--json"], {
      stdout: "pipe",
    }),
  );
  const { value } = await child.stdout.getReader().read();
  const { url, pid } = JSON.parse(new TextDecoder().decode(value));
  return {
    url,
    megabytes: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1000,
    [Symbol.dispose]: () => child.kill(),
  };
}

export interface SlowClients extends Disposable {
  readonly clients: number;
  /** Streams that are open. */
  streams: number;
  send(word: "on" | "off"): void;
}

export function startSlowClients(url: string, clients: number): SlowClients {
  const child = endedWithUs(
    Bun.spawn([process.execPath, here("./slow_clients.ts"), url, String(clients)], {
      ipc: (streams: number) => void (slow.streams = streams),
    }),
  );
  const slow: SlowClients = {
    clients,
    streams: 0,
    send: (word) => child.send(word),
    [Symbol.dispose]: () => child.kill(),
  };
  return slow;
}

/** Switches the slow clients on or off, and waits until all of its streams are open or closed. */
export async function arrange(slow: SlowClients, on: boolean): Promise<void> {
  slow.send(on ? "on" : "off");
  while (slow.streams !== (on ? slow.clients : 0)) await Bun.sleep(10);
  await Bun.sleep(100);
}

function endedWithUs<T extends Bun.Subprocess>(child: T): T {
  process.on("exit", () => child.kill());
  return child;
}
process.on("SIGTERM", () => process.exit(143));
