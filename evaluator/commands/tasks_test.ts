// Every reader on rows of our own, and on the published files where the outside fixtures are present:
// row counts, unique ids, golds that the verifier accepts, prompts equal to their sources.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { verify } from "#shared/verify/mod.ts";
import { GHPO_SYSTEM_PROMPT } from "#shared/text/prompts.ts";
import { sha256 } from "#shared/io/hash.ts";
import { fetchFile } from "./download.ts";
import { readEvaluateOptions } from "./options.ts";
import { buildTasks } from "./tasks.ts";
import { gsm8k } from "#shared/tasks/gsm8k.ts";
import { evalPresets } from "#shared/tasks/protocols.ts";
import { markedGold } from "#shared/problems/gold.ts";
import { RowFault } from "#shared/problems/readers/rows.ts";
import { readBenchmark as readFrom } from "#shared/io/task_files.ts";
import type { Benchmark } from "#shared/tasks/benchmark.ts";
import type { Task } from "#shared/tasks/task.ts";
import { requestsOf } from "../run/request.ts";
import { score as scoreOf, type ScoredSample } from "../scoring/score.ts";
import { summarise } from "../scoring/summary.ts";
import { basePrompts, lightevalMath, multipleChoice, QWEN_SYSTEM } from "#shared/tasks/prompts.ts";
import { sharedPath, withoutShared } from "../testing/shared_folder.ts";
import { asRepeat, firstLetter } from "#shared/tasks/questions.ts";
import { gpqa, optionOrder } from "#shared/tasks/gpqa.ts";
import { benchmarks } from "#shared/tasks/index.ts";
import { syntheticTask } from "#shared/tasks/synthetic.ts";

const fixtures = fileURLToPath(import.meta.resolve("../../shared/tasks/fixtures"));
const readBenchmark = (benchmark: Benchmark, data: string) => readFrom(benchmark, { data });
const rows: Record<string, [text: string, expected: object]> = {
  aime24: ['{"id":60,"problem":"P","answer":"204"}', { id: "aime24/60", text: "P", answer: "204" }],
  aime25: ['{"problem":"P","solution":"\\\\boxed{70}"}', { id: "aime25/0", text: "P", answer: "70" }],
  math500: [
    '{"problem":"P","answer":"\\\\frac{1}{2}","level":2,"unique_id":"test/1.json"}',
    { id: "test/1.json", text: "P", answer: "\\frac{1}{2}", level: 2 },
  ],
  olympiadbench: [
    '{"id":1,"context":"C","question":"Q","final_answer":["$2,$8$"],"subfield":"Algebra","error":"1e-1"}',
    { id: "olympiadbench/1", text: "C\n\nQ", answer: "2,8", level: "Algebra", tolerance: 0.1 },
  ],
  amc23: ['{"id":0,"question":"Q","answer":27.0}', { id: "amc23/0", text: "Q", answer: "27" }],
  minerva: [
    '{"problem":"P","solution":"so $\\\\boxed{1.6}$ cm","type":"Astronomy","idx":3}',
    { id: "minerva/3", text: "P", answer: "1.6", level: "Astronomy" },
  ],
  gsm8k: [
    '{"question":"Q","answer":"1+1=2\\n#### 1,002"}',
    { id: "gsm8k/0", text: "Q", answer: "1002", level: null },
  ],
  svamp: [
    '[{"ID":"chal-1","Body":"B","Question":"Q?","Answer":51.0,"Type":"Subtraction"}]',
    { id: "chal-1", text: "B. Q?", answer: "51", level: "Subtraction" },
  ],
};

const csv = "Record ID,Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3," +
  "High-level domain\n" +
  'r1,"Which, of these,\nis ""right""?",yes,no,maybe,never,Logic\n';

describe("readers", () => {
  for (const benchmark of benchmarks.filter(({ name }) => name !== "gpqa")) {
    it(`${benchmark.name} reads its row and names one that does not fit`, async () => {
      const [text, expected] = rows[benchmark.name]!;
      const folder = Deno.makeTempDirSync();
      Deno.writeTextFileSync(`${folder}/${benchmark.file.name}`, text);
      const [problem] = await readBenchmark(benchmark, folder);
      assert.deepEqual({ ...problem, ...expected }, problem);
      await assert.rejects(async () => await benchmark.problem({}, 0), RowFault);
      Deno.writeTextFileSync(`${folder}/${benchmark.file.name}`, benchmark.name === "svamp" ? "[{" : "{");
      await assert.rejects(() => readBenchmark(benchmark, folder), /Cannot read .* as it/);
      Deno.removeSync(folder, { recursive: true });
    });
  }

  it("gpqa orders the options by the question's own id and keeps the letter of the right one", async () => {
    const folder = Deno.makeTempDirSync();
    Deno.writeTextFileSync(`${folder}/gpqa_diamond.csv`, csv);
    const [problem] = await readBenchmark(gpqa, folder);
    Deno.removeSync(folder, { recursive: true });
    assert.ok(problem);
    assert.match(problem.text, /^Which, of these,\nis "right"\?\n\nA\) /);
    const order = await optionOrder("gpqa/r1");
    assert.equal(problem.answer, "ABCD"[order.indexOf(0)]);
    assert.match(problem.text, new RegExp(`${problem.answer}\\) yes`));
    assert.equal(problem.level, "Logic");
    await assert.rejects(async () => await gpqa.problem({ Question: "x" }, 0), /it has no Correct Answer/);
  });

  it("gpqa puts the right option in each place about equally often", async () => {
    const places = [0, 0, 0, 0];
    for (let i = 0; i < 400; i++) places[(await optionOrder(`q${i}`)).indexOf(0)]!++;
    assert.ok(places.every((n) => n > 70 && n < 130), String(places));
  });

  it("gpqa moves the right option through all places in four repeats, so that one letter earns chance", async () => {
    const problems = await readBenchmark(gpqa, fixtures);
    assert.deepEqual(problems.map(({ id }) => id), ["gpqa/own1", "gpqa/own2", "gpqa/own3", "gpqa/own4"]);
    const right = ["20 m", "273", "42", "6"];
    problems.forEach((problem, i) => {
      const asked = [0, 1, 2, 3].map((repeat) => asRepeat(problem, repeat));
      assert.deepEqual(asRepeat(problem, 4), asked[0]);
      assert.deepEqual([asked[0]!.text, asked[0]!.answer], [problem.text, problem.answer]);
      assert.deepEqual(asked.map(({ answer }) => answer).sort(), ["A", "B", "C", "D"]);
      for (const [repeat, { text, answer }] of asked.entries()) {
        assert.ok(text.includes(`\n${answer}) ${right[i]}`), text);
        assert.equal(firstLetter(problem, repeat, answer), problem.answer);
      }
    });
    const prompt = ({ text }: { text: string }) => ({ text });
    const { sampling } = evalPresets.plain;
    const task = {
      name: "gpqa",
      title: "",
      preset: "",
      problems,
      samples: 4,
      sampling,
      verify: "ghpo",
      prompt,
    };
    const run = async (answer: (text: string) => string) => {
      const asked = await Array.fromAsync(requestsOf(task as Task, { source: "test" }, 0));
      const scored = asked.map((request): ScoredSample => {
        const problem = problems.find(({ id }) => id === request.problem_id)!;
        const text = answer("text" in request.prompt ? request.prompt.text : "");
        const score = scoreOf(task as Task, asRepeat(problem, request.repeat), text);
        const output = { text, finish_reason: "stop" as const, tokens: 1, attempts: 1, latency_ms: null };
        return { type: "sample", ...request, ...output, score, graded: "completion" };
      });
      return summarise(task as Task, "", scored);
    };
    const biased = await run(() => "Answer: B");
    assert.deepEqual([biased.pass_at_1, biased.maj_at_k], [0.25, 0.25]);
    // Knows the option, whatever its letter: repeats agree, and the majority is one cluster.
    const known = await run((text) => {
      const wanted = text.includes("benzene")
        ? "12"
        : right.find((option) => `${text}\n`.includes(`) ${option}\n`));
      return `Answer: ${new RegExp(`\\n(\\w)\\) ${wanted}(\\n|$)`).exec(text)?.[1]}`;
    });
    assert.equal(known.pass_at["4"], 0.75);
    assert.equal(known.maj_at_k, 0.75);
  });
});

describe("published files", () => {
  for (const benchmark of benchmarks.filter(({ name }) => name !== "gpqa")) {
    it(`${benchmark.name}: all rows, unique ids, every gold verifies itself`, {
      skip: withoutShared(`data/${benchmark.file.name}`),
    }, async () => {
      const problems = await readBenchmark(benchmark, sharedPath("data"));
      assert.equal(problems.length, benchmark.file.rows);
      assert.equal(new Set(problems.map(({ id }) => id)).size, problems.length);
      const failing = problems.filter(({ answer }) =>
        verify(markedGold(answer, "report"), `The answer is \\boxed{${answer}}`, "report").verdict !== true
      );
      assert.deepEqual(failing.map(({ id, answer }) => `${id}: ${answer}`), []);
    });
  }

  for (const { name, file } of benchmarks.filter(({ name }) => name !== "gpqa")) {
    it(`${name}: every reference solution is right under the default grader`, {
      skip: withoutShared(`data/${file.name}`),
    }, async () => {
      for (const flags of [{ endpoint: "http://x/v1", model: "m" }, { model: "m" }]) {
        const options = readEvaluateOptions({ ...flags, benchmarks: name, data: sharedPath("data") });
        const [task] = await buildTasks(options);
        assert.equal(task!.problems.length, file.rows);
        const wrong = task!.problems.filter((problem) => {
          const { solution = null, answer } = problem;
          const text = name === "gsm8k"
            ? `${solution}\n#### ${answer}`
            : solution !== null && /\\(boxed|fbox)/.test(solution)
            ? solution
            : `${solution ?? ""}\nThe answer is $\\boxed{${answer}}$.`;
          return scoreOf(task!, problem, text).verdict !== true;
        });
        assert.deepEqual(wrong.map(({ id, answer }) => `${id}: ${answer}`), []);
      }
    });
  }

  it("gsm8k's training solutions are right as they stand in the file", {
    skip: withoutShared("data/gsm8k-train.jsonl"),
  }, async () => {
    const rows = (await Deno.readTextFile(sharedPath("data/gsm8k-train.jsonl"))).trim().split("\n");
    const [task] = await buildTasks(
      readEvaluateOptions({ model: "m", benchmarks: "gsm8k", data: sharedPath("data") }),
    );
    const wrong = [];
    for (const [i, line] of rows.entries()) {
      const row = JSON.parse(line);
      const problem = await gsm8k.problem(row, i);
      if (scoreOf(task!, problem, row.answer).verdict !== true) wrong.push(problem.answer);
    }
    assert.deepEqual([rows.length, wrong], [7473, []]);
  });

  it("names the address and licence of a missing file", async () => {
    await assert.rejects(
      () => readBenchmark(gpqa, "/nowhere"),
      /Cannot read \/nowhere\/gpqa_diamond.csv as it does not exist; run `npm run -s evaluate -- download gpqa` or get it from https:.*gated/,
    );
  });
});

describe("download", () => {
  const body = new TextEncoder().encode('{"question":"Q","answer":"#### 1"}\n');
  const serve = () =>
    Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      ({ url }) => url.endsWith("/file") ? new Response(body) : new Response("no", { status: 404 }),
    );

  it("takes only the known bytes and says why it takes others not", async () => {
    const server = serve();
    const home = `http://127.0.0.1:${server.addr.port}`;
    const file = { name: "x.jsonl", rows: 1, url: `${home}/file`, sha256: sha256(body), licence: "MIT" };
    assert.deepEqual(await fetchFile(file), body);
    await assert.rejects(
      () => fetchFile({ ...file, sha256: "0".repeat(64) }),
      /SHA-256 must be 0{64}: current digest/,
    );
    await assert.rejects(() => fetchFile({ ...file, url: `${home}/other` }), /other answers 404/);
    await assert.rejects(() => fetchFile({ ...file, sha256: null }), /it is gated: ask for access/);
    await server.shutdown();
  });

  it("knows the digests of the published files", { skip: withoutShared("data") }, () => {
    for (const { file } of benchmarks) {
      if (file.sha256 === null) continue;
      assert.equal(sha256(Deno.readFileSync(sharedPath(`data/${file.name}`))), file.sha256, file.name);
    }
  });
});

describe("prompts", () => {
  it("equal the strings of their sources", { skip: withoutShared("research/prompts.json") }, () => {
    const sources = JSON.parse(Deno.readTextFileSync(sharedPath("research/prompts.json")));
    const find = (id: string) => sources.find((entry: { id: string }) => entry.id === id);
    const python = (template: string) => template.replaceAll("{{", "{").replaceAll("}}", "}");
    assert.equal(GHPO_SYSTEM_PROMPT, find("ghpo/system").system);
    for (const id of ["lighteval@bb14995/aime24,aime25", "lighteval@bb14995/math_500"]) {
      assert.equal(lightevalMath("{Question}"), python(find(id).user));
    }
    const choice = "{Question}\n\nA) {A}\nB) {B}\nC) {C}\nD) {D}";
    assert.equal(multipleChoice(choice), find("lighteval@bb14995/gpqa:diamond").user);
    const [qwen] = find("qwen2.5-math/qwen25-math-cot").raw;
    assert.equal(
      `<|im_start|>system\n${QWEN_SYSTEM}<|im_end|>\n<|im_start|>user\n{input}<|im_end|>\n<|im_start|>assistant\n`,
      python(qwen),
    );
    assert.equal(basePrompts.cot("{input}"), find("qwen2.5-math/cot").raw[0]);
    assert.equal(basePrompts.question("{Problem}"), find("lm-eval/aime24").user);
    assert.equal(basePrompts.gsm8k("{question}"), find("lm-eval/gsm8k_cot").user);
  });

  it("follow the paper: 32 samples at temperature 1 for AIME24, one greedy sample elsewhere", () => {
    for (const { name, protocols } of benchmarks.filter(({ name }) => name !== "aime25")) {
      assert.equal(protocols["ghpo-paper"].samples, name === "aime24" ? 32 : 1);
    }
    assert.equal(evalPresets["ghpo-paper"].repeatTemperature, 1);
    assert.equal(evalPresets["ghpo-paper"].sampling.temperature, 0);
  });
});

describe("bundled benchmarks", () => {
  it("are the same for the same seed, have five levels and never a hint", () => {
    const task = syntheticTask("chain", 7, 4);
    assert.equal(task.problems.length, 20);
    assert.deepEqual(task.problems, syntheticTask("chain", 7, 4).problems);
    assert.notDeepEqual(task.problems, syntheticTask("chain", 8, 4).problems);
    assert.deepEqual([...new Set(task.problems.map(({ level }) => level))].sort(), [1, 2, 3, 4, 5]);
    for (const problem of task.problems) {
      assert.deepEqual(task.prompt(problem), { messages: [{ role: "user", content: problem.text }] });
    }
  });
});
