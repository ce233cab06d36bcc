// What the check says of prompts: their length, the form they ask for, their template, their characters.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";
import { Tokenizer } from "#shared/text/tokenizer.ts";
import { asciiTokenizer, broken, own, type Settings, sftReport, trainReport } from "./testing.ts";

describe("preflight() of prompts", () => {
  it("refuses a prompt that is too long, or leaves it out where told to", async () => {
    const long = broken({ text: `Compute 1${"+1".repeat(120)}` });
    const refused = await trainReport(long);
    assert.equal(refused.faults.length, 1);
    assert.match(
      refused.faults[0]!,
      /^1 of 40 prompts are longer than 192 tokens \(the model's context less .*\), the longest, of problem own:7, 243: raise/,
    );
    const dropped = await trainReport(long, { data: { on_long_prompt: "drop" } });
    assert.deepEqual([dropped.faults, dropped.dropped, dropped.problems.length], [[], ["own:7"], 39]);
    assert.ok(dropped.lengths!.prompt_tokens!.max <= 192, "what is left out is in no range");
    assert.match(dropped.warnings.join(), /^left out of 40 problems: 1, with prompts longer than 192 tokens/);
    const sft = await sftReport(long, { max_prompt_length: 60 });
    assert.match(
      sft.faults.join(),
      /^1 of 40 prompts are longer than 60 tokens \(prompt\.max_prompt_length\)/,
    );
  });

  it("refuses a prompt that asks for one form and a reward that reads another", async () => {
    const words = own.map((problem) => ({ ...problem, trace: null }));
    const reward = { functions: ["accuracy"], weights: [1] };
    for (const preset of ["gsm8k", "minerva", "dapo"]) {
      const report = await trainReport(
        own,
        { prompt: { system: "Put the number between <answer> tags" }, reward: { ...reward, preset } },
        [1],
        asciiTokenizer(),
      );
      assert.match(
        report.faults.join(),
        /reference solutions in the required form \(think_answer\) earn less than full marks, such as own:0 \(accuracy 0\)/,
        preset,
      );
    }
    const right = await trainReport(
      words,
      { prompt: { system: "Put the number between <answer> tags" }, reward },
      [1],
      asciiTokenizer(),
    );
    assert.deepEqual(right.faults, []);
  });

  it("says where a grader wants more than the prompt says", async () => {
    const system = "Put the answer between <answer> tags";
    const reward = { functions: ["accuracy"], weights: [1], preset: "ghpo" };
    const report = await trainReport(own, { prompt: { system }, reward }, [1], asciiTokenizer());
    assert.deepEqual(report.faults, []);
    assert.match(
      report.warnings.join(),
      /reads answers in \\boxed\{\} or \$\.\.\.\$ only, and the prompt does not say so/,
    );
  });

  it("refuses variables of chat templates that none reads, or that templates are given in any case", async () => {
    const faults = async (prompt: Settings[string]) =>
      (await trainReport(own, { prompt: { system: "", ...prompt } }, [1], asciiTokenizer())).faults;
    assert.deepEqual(await faults({ chat_template_kwargs: { m: true } }), []);
    const chat_template_kwargs = { enable_thinking: false };
    assert.deepEqual(await faults({ chat_template_kwargs }), [
      "prompt.chat_template_kwargs sets enable_thinking, which the chat template does not know",
    ]);
    assert.match(
      (await faults({ chat_template_kwargs, chat_template: false }))[0]!,
      /no prompt reads without/,
    );
    await assert.rejects(
      faults({ chat_template_kwargs: { add_generation_prompt: false } }),
      /prompt\.chat_template_kwargs must not set what every template is given: messages, /,
    );
  });

  it("names what a tokenizer cannot read or write", async () => {
    const prompt = await trainReport(broken({ text: "Compute 2+2 @home" }));
    assert.match(
      prompt.faults.join(),
      /^the tokenizer does not know "@home" in the prompt of problem own:7 .* <unk>/,
    );
    const steps = ["add 2 and 2"];
    const solution = await sftReport(broken({ trace: { text: steps[0]!, steps } }));
    assert.match(
      solution.warnings.join(),
      /no tokens for 1 of 40 solutions .* as for "add" in that of own:7/,
    );
    const template = await trainReport(own, { prompt: { system: "Be kind" } });
    assert.match(template.faults.join(), /This model has no system turn/);
    const { tokenizer, config } = tinyTokenizerFiles(256);
    const silent = new Tokenizer(tokenizer, config, "{{ messages[0].content | upper }}");
    assert.match(
      (await trainReport(own, {}, [1], silent)).faults.join(),
      /does not show the problem own:0 as it is/,
    );
  });
});
