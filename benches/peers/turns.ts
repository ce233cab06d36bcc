// Programs that take turns, so that whatever else the machine does falls on all of them: each prints a line of JSON once
// it is ready, and another for every line it reads. Lines without MARK are not theirs.

import process from "node:process";
import { createInterface } from "node:readline";

const MARK = "turn ";

/** Seconds of the clock, and of the processor. */
export interface Taken {
  seconds: number;
  cpu: number;
}

export class Turns<Ready> {
  private constructor(
    readonly ready: Ready,
    readonly next: () => Promise<unknown>,
    readonly write: (line: string) => void,
    readonly close: () => void,
  ) {}

  /** Starts a program, under this runtime unless another is named, and hands it its first line. */
  static async open<Ready>(args: string[], runtime = process.execPath, first = ""): Promise<Turns<Ready>> {
    const child = Bun.spawn([runtime, ...args], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
    const errors = new Response(child.stderr).text();
    const write = (line: string) => {
      child.stdin.write(line);
      child.stdin.flush();
    };
    if (first) write(`${first}\n`);
    const lines = linesOf(child.stdout);
    const next = async () => {
      const { done, value } = await lines.next();
      if (!done) return JSON.parse(value.slice(MARK.length));
      const reason = (await errors).slice(-2000);
      throw new Error(`Cannot time ${args.join(" ")} as it ended with ${await child.exited}: ${reason}`);
    };
    return new Turns(await next() as Ready, next, write, () => void child.stdin.end());
  }

  async turn<T = Taken>(): Promise<T> {
    this.write("\n");
    return await this.next() as T;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts.filter((line) => line.startsWith(MARK));
  }
}

/**
 * The other side: says that it is ready, then takes a turn for every line until its input ends. What a turn returns goes
 * along with its times.
 */
export async function takeTurns(
  ready: unknown,
  turn: () => Promise<object | void>,
  lines: AsyncIterable<string> = createInterface({ input: process.stdin }),
): Promise<void> {
  console.log(MARK + JSON.stringify(ready));
  for await (const _ of lines) {
    const began = performance.now();
    const used = process.cpuUsage();
    const more = await turn();
    const { user, system } = process.cpuUsage(used);
    const taken: Taken = { seconds: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
    console.log(MARK + JSON.stringify({ ...taken, ...more }));
  }
}
