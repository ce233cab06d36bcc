import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { samplingNotice } from "./sampling_notice.ts";

describe("samplingNotice()", () => {
  it("names what generate() would do to the model's scores, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-notice-"));
    assert.equal(samplingNotice(folder), undefined);
    const write = (json: unknown) =>
      writeFileSync(join(folder, "generation_config.json"), JSON.stringify(json));
    write({
      temperature: 0.7,
      top_p: 0.8,
      do_sample: true,
      repetition_penalty: 1,
      eos_token_id: [1],
      min_length: null,
    });
    assert.equal(samplingNotice(folder), undefined);
    write({ repetition_penalty: 1.05, no_repeat_ngram_size: 3, suppress_tokens: [5] });
    assert.equal(
      samplingNotice(folder),
      "note: the model is sampled as it is, without repetition_penalty 1.05, no_repeat_ngram_size 3, " +
        "suppress_tokens [5] of its generation_config.json",
    );
    rmSync(folder, { recursive: true });
  });
});
