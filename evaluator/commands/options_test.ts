// Flags that contradict each other, or that nothing would read, are refused by name.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { evaluate } from "../testing/evaluate_command.ts";
import { readEvaluateOptions } from "./options.ts";

describe("options", () => {
  it("are refused for a checkpoint by name, as are wrong ones", async () => {
    const cases: [string[], RegExp][] = [
      [["--model", "x", "--extra-body", "{}"], /Cannot use --extra-body as it is for servers/],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--extra-body", "[1]"],
        /--extra-body must be a JSON object/,
      ],
      [["--model", "m", "--endpoint", "http://x/v1", "--omit", "sed"], /the nearest is "seed"/],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--header", "nonsense"],
        /--header must look like 'X-Team: maths'/,
      ],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--ids", "nope"],
        /Cannot evaluate nope as no benchmark has a problem/,
      ],
      [
        ["--model", "m", "--endpoint", "http://x/v1", "--max-tokens", "5", "--max-completion-tokens", "5"],
        /exclude each other/,
      ],
    ];
    for (const [args, says] of cases) assert.match((await evaluate(...args)).stderr, says);
  });

  it("are not set by flags that nothing would read", () => {
    const [model, endpoint, completions] = ["m", "http://127.0.0.1:1/v1", "x.jsonl"];
    const unread: [Record<string, unknown>, RegExp][] = [
      [
        { model, concurrency: "4" },
        /^Cannot use --concurrency as it is for servers: pass --endpoint, or leave it out$/,
      ],
      [{ model, stream: true }, /--stream/],
      [{ completions, timeout: "5" }, /--timeout/],
      [{ completions, journal: "j" }, /--journal as --completions are scored as they are: leave it out/],
      [{ completions, nats: "nats://h" }, /--nats as workers sample checkpoints/],
      [{ model, endpoint, nats: "nats://h" }, /--nats as workers sample checkpoints/],
      [{ model, natsPatience: "9" }, /--nats-patience as it is for workers/],
      [{ model, batchOut: "b", out: "o" }, /--out as --batch-out writes nothing else/],
      [{ model, batchOut: "b", attempts: "2" }, /--attempts/],
    ];
    for (const [flags, message] of unread) {
      assert.throws(() => readEvaluateOptions(flags), (error: Error) => message.test(error.message));
    }
    const read = [
      { model, endpoint, concurrency: "4", stream: true, journal: "j", omit: "seed" },
      { completions, model, omit: "seed", out: "o" },
      { model, nats: "nats://h", natsPatience: "9", journal: "j" },
      { model, batchOut: "b", omit: "seed" },
    ];
    for (const flags of read) readEvaluateOptions(flags);
  });
});
