// Programs that take turns: each prints a line of JSON once it is ready, and its seconds for every line it reads.

import process from "node:process";
import { createInterface } from "node:readline";

export class Turns<Ready> {
  private constructor(
    readonly ready: Ready,
    readonly next: () => Promise<unknown>,
    readonly write: (line: string) => void,
    readonly close: () => void,
  ) {}

  /** Starts a program under this runtime. */
  static async open<Ready>(args: string[]): Promise<Turns<Ready>> {
    const child = Bun.spawn([process.execPath, ...args], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const lines = linesOf(child.stdout);
    const next = async () => {
      const { done, value } = await lines.next();
      if (done) throw new Error(`Cannot time ${args.join(" ")} as it ended with ${await child.exited}`);
      return JSON.parse(value);
    };
    const write = (line: string) => {
      child.stdin.write(line);
      child.stdin.flush();
    };
    return new Turns(await next() as Ready, next, write, () => void child.stdin.end());
  }

  /** Seconds of one turn. */
  async turn(): Promise<number> {
    this.write("\n");
    return await this.next() as number;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

/** The other side: says that it is ready, then takes a turn for every line until its input ends. */
export async function takeTurns(ready: unknown, turn: () => Promise<void>): Promise<void> {
  console.log(JSON.stringify(ready));
  for await (const _ of createInterface({ input: process.stdin })) {
    const began = performance.now();
    await turn();
    console.log(JSON.stringify((performance.now() - began) / 1000));
  }
}
