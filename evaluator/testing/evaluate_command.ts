// The evaluate command in a process of its own, problems for it, and an endpoint that answers as a test says.

import { after } from "node:test";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(import.meta.resolve("../main.ts"));
const VARIABLES = "GHPO_DAWN,NO_COLOR,FORCE_COLOR,CLICOLOR_FORCE,OPENAI_API_KEY";

/**
 * A folder with twelve problems as a task file, mine.toml, and as GSM8K's test set; removed after the tests of the file
 * that calls this at its top level.
 */
export function evaluationFolder(): string {
  const folder = Deno.makeTempDirSync();
  const questions = Array.from(
    { length: 12 },
    (_, i) => ({ id: `p${i}`, question: `What is ${i}+1?`, answer: `${i + 1}` }),
  );
  Deno.writeTextFileSync(`${folder}/mine.jsonl`, questions.map((row) => JSON.stringify(row) + "\n").join(""));
  Deno.writeTextFileSync(`${folder}/mine.toml`, 'name = "mine"\nfiles = ["mine.jsonl"]\nsamples = 2\n');
  const gsm = questions.map(({ question, answer }) =>
    JSON.stringify({ question, answer: `#### ${answer}` }) + "\n"
  );
  Deno.writeTextFileSync(`${folder}/gsm8k-test.jsonl`, gsm.join(""));
  after(() => Deno.removeSync(folder, { recursive: true }));
  return folder;
}

/** The command with these arguments, in a process of its own. */
export async function evaluate(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const flags = [
    "run",
    "--no-prompt",
    "--no-check",
    "--allow-read",
    "--allow-write",
    "--allow-net",
    `--allow-env=${VARIABLES}`,
  ];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...flags, main, ...args],
    env: { OPENAI_API_KEY: "sk-1" },
  });
  const { code, stdout, stderr } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

export interface Asked {
  path: string;
  headers: Headers;
  body: Record<string, unknown>;
}

/** A server that answers as `respond` says and keeps what it was asked. */
export function serve(respond: (question: string, asked: Asked) => unknown) {
  const asked: Asked[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    const each = { path: pathname + search, headers: request.headers, body: await request.json() };
    asked.push(each);
    const messages = each.body.messages as { content: string }[] | undefined;
    return Response.json(respond(messages?.at(-1)?.content ?? String(each.body.prompt), each));
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, asked, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** The right answer to a question of the folder, wherever in a prompt it stands last. */
export const answerTo = (question: string): string =>
  String(Number(/What is (\d+)\+1\?\D*$/.exec(question)?.[1]) + 1);
/** The body of a chat completion. */
export const message = (message: object, reason = "stop") => ({
  choices: [{ index: 0, message, finish_reason: reason }],
  usage: { prompt_tokens: 10, completion_tokens: 5, completion_tokens_details: { reasoning_tokens: 2 } },
});
/** A file of results. */
export const results = (path: string) => JSON.parse(Deno.readTextFileSync(path));
/** The rows of a JSON Lines file. */
export const rows = (path: string) =>
  Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line));
