import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tensorboardEvents } from "#shared/io/tensorboard.ts";
import type { Problem } from "#shared/schemas/problem.ts";
import { listCheckpoints } from "../run/checkpoint.ts";
import { RunDirectory } from "../run/directory.ts";
import { Status } from "../run/progress.ts";
import { chainProblem, EOS, scriptedSetting, tinyRecipe, tinyTokenizer, UnigramPolicy } from "./testing.ts";
import { chooseSource } from "./choose_source.ts";
import { runLoop, type TrainResult } from "./train.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-train-"));
  folders.push(folder);
  return folder;
}

const problems = ["1", "2", "3", "4", "5"].map((id) => chainProblem(id));
const SETTINGS = {
  algorithm: "ghpo",
  data: { path: "d" },
  generation: { num_generations: 4, max_completion_length: 6 },
  ghpo: { start_stage_memory: true },
  loss: { loss_type: "grpo" },
  optimizer: { learning_rate: 2, warmup_steps: 2 },
  train: { max_steps: 6, prompts_per_step: 3, micro_batch_tokens: 128 },
  eval: { eval_every: 2 },
  checkpoint: { save_every: 2, keep: 2 },
};

const CONSTANT = { learning_rate: 2, lr_scheduler_type: "constant", warmup_ratio: 0 };

/** Runs on the bag policy; a completion is right when it contains a 7. */
async function run(
  output_dir: string,
  o: {
    policy?: UnigramPolicy;
    resume?: boolean;
    stop?: AbortSignal;
    settings?: Record<string, unknown>;
    problems?: Problem[];
    acceptChanges?: string[];
    status?: Status;
  } = {},
): Promise<{ result: TrainResult; policy: UnigramPolicy }> {
  const recipe = tinyRecipe({ ...SETTINGS, output_dir, ...o.settings as typeof SETTINGS });
  const policy = o.policy ?? new UnigramPolicy();
  const { setting } = await scriptedSetting(recipe, o.problems ?? problems, () => "");
  const rewards = [{
    name: "accuracy",
    weight: 1,
    call: (i: { completion: string }) => +i.completion.includes("7"),
  }];
  const evaluation = {
    sampler: policy,
    tokenizer: tinyTokenizer,
    problems: problems.slice(0, 2),
    prompt: { system: "" },
    preset: "strict" as const,
    max_tokens: 6,
    eosIds: [EOS],
  };
  const result = await runLoop({
    recipe,
    policy,
    source: chooseSource({ ...setting, sampler: policy, rewards }),
    evaluation: recipe.eval.eval_every > 0 ? evaluation : null,
    resume: o.resume ?? false,
    status: o.status ?? new Status({ total: 1, quiet: true }),
    acceptChanges: o.acceptChanges ?? [],
    stop: o.stop ?? new AbortController().signal,
  });
  return { result, policy };
}

/** Everything a run leaves, without what the clock wrote. */
function outcome(path: string) {
  const clock = /^(time|step_time$)/;
  const metrics = new RunDirectory(path).readMetrics()
    .map((record) => Object.entries(record).filter(([key]) => !clock.test(key)));
  const rollouts = readdirSync(join(path, "rollouts")).sort()
    .map((name) => [name, readFileSync(join(path, "rollouts", name), "utf8")]);
  const newest = join(path, "checkpoints", readdirSync(join(path, "checkpoints")).sort().at(-1)!);
  const weights = ["model.json", "optimizer.json", "trainer_state.json"]
    .map((name) => readFileSync(join(newest, name), "utf8"));
  return { metrics, rollouts, weights, checkpoints: readdirSync(join(path, "checkpoints")).sort() };
}

describe("runLoop()", () => {
  it("learns what the reward asks for, and leaves recipe, metrics, rollouts and checkpoints", async () => {
    const path = temporary();
    const settings = { train: { ...SETTINGS.train, max_steps: 30 } };
    const { result } = await run(path, { settings });
    assert.deepEqual([result.step, result.finished], [30, true]);
    const metrics = new RunDirectory(path).readMetrics();
    assert.deepEqual(metrics.map((record) => record.step), [...Array(31).keys()]);
    const first = metrics.slice(1, 6).map((r) => r["reward"] as number);
    const last = metrics.slice(-5).map((r) => r["reward"] as number);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    assert.ok(sum(last) > sum(first) + 2, `${first} -> ${last}`);
    assert.deepEqual(listCheckpoints(join(path, "checkpoints")), [28, 30]);
    assert.equal(readdirSync(join(path, "rollouts")).length, 30);
  });

  it("leaves the memory plan of the policy for the dashboard", async () => {
    const path = temporary();
    const policy = Object.assign(new UnigramPolicy(), { memory: { weights: 3, total: 5 } });
    await run(path, { policy });
    assert.deepEqual(JSON.parse(readFileSync(join(path, "memory.json"), "utf8")), policy.memory);
  });

  it("removes the oldest rollouts above the size that may be kept, never the newest", async () => {
    const [path, none] = [temporary(), temporary()];
    const kept = () => readdirSync(join(path, "rollouts")).sort();
    await run(path, { settings: { checkpoint: { max_rollouts_gb: 12e-6 } } });
    const bytes = kept().reduce((sum, name) => sum + statSync(join(path, "rollouts", name)).size, 0);
    assert.ok(
      bytes <= 12e3 && kept().length < 6 && kept().at(-1) === "step_000006.jsonl",
      `${kept()}: ${bytes}`,
    );
    await run(none, { settings: { checkpoint: { max_rollouts_gb: 1e-9 } } });
    assert.deepEqual(readdirSync(join(none, "rollouts")), ["step_000006.jsonl"]);
  });

  it("writes TensorBoard's events while it trains, no step twice after a resume", async () => {
    const path = temporary();
    const settings = { report_to: ["tensorboard"] };
    await run(path, { ...stopIn(3), settings });
    await run(path, { resume: true, settings });
    const [name] = readdirSync(join(path, "tensorboard"));
    const [{ begun_at }] = [JSON.parse(readFileSync(join(path, "begun.json"), "utf8"))];
    const began = Date.parse(begun_at) / 1000;
    const events = new RunDirectory(path).readMetrics().map(({ step, time, ...rest }) => ({
      wall_time: began + time,
      step,
      values: Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null)) as Record<
        string,
        number
      >,
    }));
    assert.deepEqual(
      readFileSync(join(path, "tensorboard", name!)),
      Buffer.from(tensorboardEvents(began, events)),
    );
  });

  it("reports evaluation tokens apart from training tokens", async () => {
    const [withEval, without] = [temporary(), temporary()];
    const a = await run(withEval);
    const b = await run(without, { settings: { eval: { eval_every: 0 } } });
    assert.equal(a.result.generated_tokens, b.result.generated_tokens);
    const records = new RunDirectory(withEval).readMetrics();
    assert.deepEqual(records.filter((r) => "eval_generated_tokens" in r).map((r) => r.step), [0, 2, 4, 6]);
  });

  it("reaches the same bytes when it is killed at any moment and resumed", { timeout: 60_000 }, async () => {
    const whole = temporary();
    let calls = 0;
    await run(whole, { policy: new UnigramPolicy(() => calls++) });
    const expected = outcome(whole);
    for (let kill = 0; kill < calls; kill += 5) {
      const path = temporary();
      let count = 0;
      const dies = new UnigramPolicy(() => {
        if (count++ === kill) throw new Error("killed");
      });
      await assert.rejects(run(path, { policy: dies }), /killed/);
      const { policy, result } = await run(path, { resume: true, policy: new UnigramPolicy() });
      assert.equal(result.step, 6);
      assert.deepEqual(outcome(path), expected, `killed at call ${kill} of ${calls}`);
      assert.ok(policy.logits.some((logit) => logit !== 0));
    }
  });

  it("ignores the half-written files of a killed process", async () => {
    const [whole, path] = [temporary(), temporary()];
    await run(whole);
    await run(path, stopIn(3));
    writeFileSync(
      join(path, "metrics.jsonl"),
      readFileSync(join(path, "metrics.jsonl"), "utf8") + '{"step":',
    );
    writeFileSync(join(path, "rollouts", "step_000004.jsonl"), '{"half');
    await run(path, { resume: true });
    assert.deepEqual(outcome(path).metrics, outcome(whole).metrics);
    assert.deepEqual(outcome(path).rollouts, outcome(whole).rollouts);
  });

  it("saves and returns when it is told to stop, and goes on from there", async () => {
    const [whole, path] = [temporary(), temporary()];
    await run(whole);
    const { result } = await run(path, stopIn(3));
    assert.deepEqual([result.step, result.finished], [3, false]);
    assert.match(result.checkpoint, /step_000003$/);
    await run(path, { resume: true });
    assert.deepEqual(outcome(path).weights, outcome(whole).weights);
  });

  it("keeps the last checkpoint when the disk is full while saving", async () => {
    const path = temporary();
    let saves = 0;
    const full = new UnigramPolicy((name) => {
      if (name === "save the moments" && ++saves === 2) {
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      }
    });
    await assert.rejects(
      run(path, { policy: full }),
      /Cannot write .*step_000004 as the disk is full; step_000002 is the last checkpoint$/,
    );
    assert.deepEqual(readdirSync(join(path, "checkpoints")), ["step_000002"]);
    await run(path, { resume: true });
  });

  it("refuses a damaged checkpoint with the file's name and offers the one before it", async () => {
    const path = temporary();
    await run(path);
    const file = join(path, "checkpoints", "step_000006", "optimizer.json");
    const bytes = readFileSync(file);
    bytes[10]! ^= 1;
    writeFileSync(file, bytes);
    const refused =
      /optimizer\.json as its content has changed.*remove that folder to resume from step_000004$/;
    await assert.rejects(run(path, { resume: true }), refused);
    truncateSync(file, 5);
    await assert.rejects(
      run(path, { resume: true }),
      /optimizer\.json as it must have .* bytes: current size is 5/,
    );
    rmSync(file);
    await assert.rejects(run(path, { resume: true }), /optimizer\.json as it does not exist/);
    rmSync(join(path, "checkpoints", "step_000006"), { recursive: true });
    assert.equal((await run(path, { resume: true })).result.step, 6);
  });

  it("refuses to resume with another recipe, adapter or kernel choice, and names it", async () => {
    const path = temporary();
    await run(path);
    const other = { optimizer: { ...SETTINGS.optimizer, learning_rate: 3 } };
    await assert.rejects(
      run(path, { resume: true, settings: other }),
      /optimizer.learning_rate must be 2.* value is 3/,
    );
    const adapter = new UnigramPolicy();
    adapter.facts = { ...adapter.facts, adapter: "another" };
    await assert.rejects(
      run(path, { resume: true, policy: adapter }),
      /its adapter is test: this run's is another/,
    );
    const variants = new UnigramPolicy();
    variants.facts = { ...variants.facts, kernel_variants: { matmul: "subgroups" } };
    await assert.rejects(
      run(path, { resume: true, policy: variants }),
      /kernel_variants is .*base.* is .*subgroups/,
    );
  });

  it("refuses to overwrite a run and to resume where there is none", async () => {
    const path = temporary();
    writeFileSync(join(path, "notes.txt"), "mine");
    await assert.rejects(run(path, { resume: true }), /Cannot resume .* as it holds no run$/);
    rmSync(join(path, "notes.txt"));
    await run(path, { resume: true }); // an empty folder, as a job has it that is put back into its queue
    await assert.rejects(run(path), /holds one: add --resume to continue it, or choose another output_dir/);
  });

  it("stops before an update whose loss is not finite", async () => {
    const path = temporary();
    const policy = new UnigramPolicy();
    const forward = policy.forward.bind(policy);
    policy.forward = async (batch) => {
      const scores = await forward(batch);
      scores.logprobs[0]!.fill(NaN);
      return scores;
    };
    await assert.rejects(
      run(path, { policy }),
      /loss must be finite: current value is NaN; lower optimizer.learning_rate/,
    );
    assert.ok(policy.logits.every((logit) => logit === 0));
  });

  it("keeps the best checkpoint by a metric although newer ones push it out", async () => {
    const path = temporary();
    const settings = { checkpoint: { save_every: 1, keep: 1, best_by: "reward" } };
    const { result } = await run(path, { settings });
    const rewards = new RunDirectory(path).readMetrics().slice(1).map((r) => r["reward"] as number);
    // The reward of step k is of completions that the weights after step k - 1 wrote.
    assert.equal(result.best, rewards.indexOf(Math.max(...rewards)));
    assert.deepEqual(listCheckpoints(join(path, "checkpoints")), [...new Set([result.best!, 6])]);
  });

  it("refuses to mark checkpoints by a metric that there is not", async () => {
    const path = temporary();
    const settings = { checkpoint: { best_by: "rewards/acuracy/mean" } };
    await assert.rejects(
      run(path, { settings }),
      /\(the nearest is rewards\/accuracy\/mean\): current value is rewards\/acuracy\/mean$/,
    );
    assert.deepEqual(readdirSync(path), []);
    const late = { checkpoint: { best_by: "eval_accuracy" }, eval: { eval_every: 0 } };
    await assert.rejects(
      run(path, { settings: late }),
      /must be a metric of the evaluation or of the rollouts/,
    );
  });

  it("takes up a finished run again where it may become longer, and only longer", async () => {
    const [whole, path] = [temporary(), temporary()];
    const long = { train: { ...SETTINGS.train, max_steps: 9 }, optimizer: CONSTANT };
    await run(whole, { settings: long });
    await run(path, { settings: { optimizer: CONSTANT } });
    const { result } = await run(path, { settings: long, resume: true });
    assert.deepEqual([result.step, result.finished], [9, true]);
    assert.deepEqual(outcome(path).weights, outcome(whole).weights);
    await run(path, { settings: long, resume: true });
    await assert.rejects(
      run(path, { settings: { optimizer: CONSTANT }, resume: true }),
      /as train\.max_steps must be at least 9, as in its recipe: current value is 6$/,
    );
    const often = { ...long, checkpoint: { save_every: 1, keep: 1 } };
    assert.equal((await run(path, { settings: often, resume: true })).result.step, 9);
  });

  it("refuses to continue on changed data, unless that is accepted by name", async () => {
    const path = temporary();
    await run(path, stopIn(3));
    const changed = problems.map((problem) => ({ ...problem, answer: "21" }));
    await assert.rejects(
      run(path, { resume: true, problems: changed }),
      /step_000003 as its input data has changed: SHA-256 was \w{64}, is \w{64}; .*--accept-changes data$/,
    );
    await assert.rejects(
      run(path, { resume: true, problems: changed, acceptChanges: ["dta"] }),
      /Cannot accept a change of dta as the inputs of this run are data, evaluation$/,
    );
    const lines: string[] = [];
    const status = new Status({ total: 1, stream: { write: (text) => lines.push(text) } });
    await run(path, { resume: true, problems: changed, acceptChanges: ["data"], status });
    assert.ok(
      lines.some((line) => /the input data has changed since .*step_000003/.test(line)),
      lines.join(""),
    );
    await run(path, { resume: true, problems: changed });
  });

  it("names the length that changed the data where long prompts are dropped, and goes on where none was", async () => {
    const path = temporary();
    const settings = (max_prompt_length: number, on_long_prompt = "drop") => ({
      data: { path: "d", on_long_prompt },
      prompt: { system: "", max_prompt_length },
    });
    await run(path, { ...stopIn(3), settings: settings(40), problems: problems.slice(0, 4) });
    await assert.rejects(
      run(path, { resume: true, settings: settings(50) }),
      /step_000003 as its input data has changed: prompt\.max_prompt_length is 50 from here on, was 40, and data\.on_long_prompt = "drop" leaves problems out by it; set it back, or .* adding --accept-changes data$/,
    );
    // The length did not change: it is not to blame.
    await assert.rejects(run(path, { resume: true, settings: settings(40) }), /has changed: SHA-256 was/);
    const { result } = await run(path, {
      resume: true,
      settings: settings(50),
      problems: problems.slice(0, 4),
    });
    assert.ok(result.finished);
    const again = { resume: true, settings: settings(60), acceptChanges: ["data"] };
    assert.ok((await run(path, again)).result.finished);
    assert.match(new RunDirectory(path).readRecipe(), /^max_prompt_length = 60$/m);
  });

  it("keeps the time that it was begun for chat templates that tell it", async () => {
    const path = temporary();
    await run(path, stopIn(3));
    const begun = "2026-01-02T03:04:05.000Z";
    writeFileSync(join(path, "begun.json"), JSON.stringify({ begun_at: begun }));
    await run(path, { resume: true });
    assert.equal(tinyTokenizer.chatOptions.now?.toISOString(), begun);
  });

  it("takes two iterations and a KL penalty through the same loop", async () => {
    const path = temporary();
    await run(path, { settings: { loss: { loss_type: "grpo", num_iterations: 2, beta: 0.1 } } });
    const records = new RunDirectory(path).readMetrics().slice(1);
    assert.ok(records.at(-1)!["kl"]! > 0);
    assert.ok(records.some((record) => record["clip_ratio/region_mean"]! > 0), "the ratio must leave 1");
  });
});

/** A policy and a signal that is aborted in the middle of the given step. */
function stopIn(step: number) {
  const controller = new AbortController();
  let updates = 0;
  const policy = new UnigramPolicy((name) => {
    if (name === "step" && ++updates === step) controller.abort();
  });
  return { policy, stop: controller.signal };
}
