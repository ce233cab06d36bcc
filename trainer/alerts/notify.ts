// Sends alerts to a command or a webhook. Neither can stop or slow a run: a failure is one line in the terminal, and
// each gets ten seconds at most.

import { basename } from "node:path";
import type { Alert, AlertSettings } from "#shared/schemas/alerts.ts";

const PATIENCE_MS = 10_000;

export class Notifier {
  readonly #command: readonly string[];
  readonly #webhook: string;
  readonly #log: (line: string) => void;
  readonly #pending = new Set<Promise<void>>();

  /** @throws Error when the webhook names an environment variable that is not set */
  constructor({ command, webhook }: AlertSettings, log: (line: string) => void) {
    this.#command = command;
    this.#webhook = addressOf(webhook);
    this.#log = log;
  }

  /** `text` is the sentence, under the name that chat services read. The record holds no path and no secret. */
  send(run: string, alert: Alert): void {
    const text = `${basename(run)}: ${alert.message} (${alert.rule}, step ${alert.step})`;
    const body = JSON.stringify({ text, run: basename(run), ...alert });
    if (this.#command.length > 0) this.#try("the command", startProgram([...this.#command, text], body));
    if (this.#webhook !== "") this.#try("the webhook", post(this.#webhook, body));
  }

  async end(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #try(what: string, work: Promise<void>): void {
    const done = work.catch((error: Error) => this.#log(`Cannot notify by ${what}: ${error.message}`));
    this.#pending.add(done);
    void done.then(() => this.#pending.delete(done));
  }
}

function addressOf(webhook: string): string {
  if (!webhook.startsWith("$")) return webhook;
  const name = webhook.slice(1);
  const value = process.env[name];
  if (value !== undefined && /^https?:\/\/\S+$/.test(value)) return value;
  throw new Error(
    `Cannot send alerts as the environment variable ${name} (alerts.webhook) must be an http(s) address: ` +
      (value === undefined ? "it is not set" : "it is something else"),
  );
}

async function startProgram(words: readonly string[], input: string): Promise<void> {
  const child = Bun.spawn([...words], {
    stdin: new Blob([input]),
    stdout: "ignore",
    stderr: "ignore",
    timeout: PATIENCE_MS,
  });
  const code = await child.exited;
  if (code !== 0) {
    throw new Error(`${words[0]} ended with ${child.signalCode ?? `exit code ${code}`}`);
  }
}

/** The address may be a secret, so no error repeats it. */
async function post(address: string, body: string): Promise<void> {
  const response = await fetch(address, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((cause: unknown) => {
    throw new Error(
      cause instanceof Error && cause.name === "TimeoutError" ? "no answer in 10 s" : "no answer",
    );
  });
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}
