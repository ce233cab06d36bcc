// What the check says of answers and solutions.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { asciiTokenizer, broken, own, type Settings, sftReport, tiny, trainReport } from "./testing.ts";
import { renderPreflight } from "./table.ts";

describe("preflight()", () => {
  it("finds nothing where all is well, and says what it measured", async () => {
    const report = await trainReport(own, { ghpo: { leak_guard: false } });
    assert.deepEqual(report.faults, []);
    assert.equal(report.reference!.full, 40);
    const { prompt_tokens, stages, target_tokens, staged } = report.lengths!;
    const counted = own.map(({ text }) => tiny.encode(`${text}\nAnswer: `).length);
    assert.deepEqual([prompt_tokens!.min, prompt_tokens!.max], [Math.min(...counted), Math.max(...counted)]);
    assert.equal(staged, 40);
    assert.deepEqual(stages.map(({ hints }) => hints), [20, 40, 20]); // two steps are hinted at 50 %, four at all
    assert.ok(stages.every((stage) => stage.prompt_tokens!.min > prompt_tokens!.min));
    assert.ok(target_tokens!.max < 64);
    assert.deepEqual(report.eos, ["<eos>"]);
    assert.match(renderPreflight(report), /^references with full marks {2}40 of 40, as hash$/m);
  });

  it("names the solution that hints cannot be cut from at tokens", async () => {
    const changing = asciiTokenizer({ type: "Replace", pattern: { String: "S" }, content: "5" });
    const ghpo = { hint_cut: "token" };
    const rows = own.map((problem) => ({
      ...problem,
      trace: { text: "1+1=2", steps: ["1+1=2"] },
      answer: "2",
    }));
    const faults = async (text: string, cut: Settings[string] = ghpo) => {
      const changed = rows.map((problem, i) =>
        i === 7 ? { ...problem, trace: { text, steps: [text] } } : problem
      );
      return (await trainReport(changed, { ghpo: cut }, [1], changing)).faults;
    };
    assert.deepEqual(await faults("1+1=2"), []);
    assert.deepEqual(await faults("So 1+1=2", {}), []);
    assert.match(
      (await faults("So 1+1=2")).join(),
      /^hints cannot be cut at tokens \(hint_cut\), as the tokenizer does not give back "S" in the solution of own:7: /,
    );
  });

  it("counts answers that cannot be graded, and refuses where none can", async () => {
    const reward = { functions: ["accuracy"], weights: [1] };
    const some = await trainReport(broken({ answer: "\\frac{" }), { reward });
    assert.equal(some.reference!.gradable, 39);
    assert.match(some.warnings.join(), /1 of 40 answers cannot be graded/);
    const none = await trainReport(own.map((problem) => ({ ...problem, answer: "\\frac{" })), { reward });
    assert.match(
      none.faults.join(),
      /reward\.preset can grade none of the answers, as the answer "\\\\frac\{" of own:0/,
    );
  });

  it("refuses problems without a solution where they are learned, and says so where they are hinted", async () => {
    const rows = broken({ trace: null });
    assert.match(
      (await sftReport(rows)).faults.join(),
      /^1 of 40 problems have no solution \(own:7\), and supervised/,
    );
    assert.match(
      (await trainReport(rows)).warnings.join(),
      /^1 of 40 problems have no solution \(own:7\) and can never/,
    );
    const none = await trainReport(own.map((problem) => ({ ...problem, trace: null })));
    assert.deepEqual(none.faults, []);
    const short = own.map((problem) => ({
      ...problem,
      trace: { text: "1+1=2", steps: ["1+1=2"] },
      answer: "2",
    }));
    assert.match((await trainReport(short)).warnings.join(), /stage 3 \(0\.75\) gives no problem a hint/);
  });

  it("refuses solutions that do not fit the context, and a model without an end", async () => {
    const text = "1+1=2;".repeat(50);
    const long = broken({ trace: { text, steps: [text] }, answer: "2" });
    assert.match(
      (await sftReport(long)).faults.join(),
      /^1 of 40 prompts with their solutions are longer than 256 tokens/,
    );
    assert.match(
      (await sftReport(own, {}, { micro_batch_tokens: 40 })).faults.join(),
      /^\d+ of 40 prompts with their solutions are longer than 40 tokens \(sft\.micro_batch_tokens\)/,
    );
    assert.match(
      (await trainReport(long)).warnings.join(),
      /^1 of 40 solutions are longer than 64 tokens \(generation/,
    );
    assert.match(
      (await trainReport(long, { algorithm: "sft" as never, train: { micro_batch_tokens: 128 } })).faults
        .join(),
      /^1 of 40 prompts with their solutions are longer than 128 tokens \(train\.micro_batch_tokens\)/,
    );
    assert.match((await trainReport(own, {}, [])).faults.join(), /name no end token/);
  });

  it("finds solutions that end in another answer than their row has", async () => {
    const text = "1+1=2####2";
    const rows = (every: number) =>
      own.map((problem, i) =>
        i % every === 0 ? { ...problem, trace: { text, steps: [text] }, answer: "3" } : problem
      );
    assert.match(
      (await trainReport(rows(10))).warnings.join(),
      /4 of 40 solutions end in an answer that differs from their row's \(own:0: 2 and 3,/,
    );
    assert.match(
      (await trainReport(rows(1))).faults.join(),
      /40 of 40 solutions end in an answer that differs/,
    );
    const same = own.map((problem) => ({
      ...problem,
      trace: { text: "1/2####1/2", steps: ["1/2####1/2"] },
      answer: "0.5",
    }));
    assert.doesNotMatch((await trainReport(same)).warnings.join(), /another answer/);
  });

  it("reports duplicates, and overlap with what is evaluated on", async () => {
    const rows = broken({ text: own[0]!.text });
    const report = await trainReport(rows);
    assert.match(report.warnings.join(), /^1 of 40 problems are duplicates \(own:7 is own:0\)/);
  });
});
