import { afterEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendJsonl } from "#shared/io/jsonl.ts";
import { lockRun } from "../run/lock.ts";
import { createDashboard, type Dashboard } from "./app.ts";
import { serveDashboard } from "./serve.ts";
import { metricsOf, writeRun } from "./testing/run.ts";

const folders: string[] = [];
const opened: Dashboard[] = [];
afterEach(() => {
  for (const { live } of opened.splice(0)) live.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-dashboard-"));
  folders.push(folder);
  return folder;
}

function dashboard(steps = 20, o: { token?: string; max_steps?: number } = {}) {
  const run = join(temporary(), "one");
  writeRun(run, steps, o.max_steps);
  const app = createDashboard({ folders: [run], token: o.token ?? null });
  opened.push(app);
  return { run, app };
}

const ask = (app: Dashboard, path: string, init?: RequestInit) =>
  app.fetch(new Request(`http://localhost${path}`, init));
const steer = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", "x-ghpo": "1", ...headers },
  body: typeof body === "string" ? body : JSON.stringify(body),
});
const json = async <T>(response: Response | Promise<Response>) => await (await response).json() as T;

describe("the dashboard's API", () => {
  it("lists runs, and those that begin later", async () => {
    const folder = temporary();
    writeRun(join(folder, "a"), 5);
    const app = createDashboard({ folders: [folder], token: null });
    opened.push(app);
    type Row = { name: string; status: string; step: number; max_steps: number };
    const one = await json<Row[]>(ask(app, "/api/runs"));
    assert.deepEqual(one.map(({ status, step, max_steps }) => [status, step, max_steps]), [[
      "finished",
      5,
      5,
    ]]);
    writeRun(join(folder, "b"), 3, 9);
    using _lock = lockRun(join(folder, "b"));
    const two = await json<Row[]>(ask(app, "/api/runs"));
    assert.deepEqual(two.map(({ status }) => status), ["finished", "running"]);
    assert.match(two[1]!.name, /b$/);
  });

  it("gives the points of a range", async () => {
    const { app } = dashboard(100);
    const path = "/api/runs/0/metrics?keys=grad_norm,reward&from=1&to=100&points=10";
    const window = await json<{ width: number; steps: number[]; series: Record<string, { max: number[] }> }>(
      ask(app, path),
    );
    assert.deepEqual([window.width, window.steps.length, Object.keys(window.series)], [10, 10, [
      "grad_norm",
      "reward",
    ]]);
    assert.equal(window.series["grad_norm"]!.max[0], 60);
  });

  it("filters groups and opens one with its hint, verdicts and answers", async () => {
    const { app } = dashboard();
    type List = { total: number; groups: { step: number; line: number; stage: number; family: string }[] };
    const all = await json<List>(ask(app, "/api/runs/0/groups"));
    assert.equal(all.total, 30);
    const hinted = await json<List>(ask(app, "/api/runs/0/groups?outcome=rescued&step=20"));
    assert.equal(hinted.total, 1);
    const { step, line } = hinted.groups[0]!;
    type Opened = {
      prompt: string;
      hint_span: [number, number];
      guidance: { hint: string };
      completions: {
        judged: { verdict: boolean; tier: string; extracted: string };
        text: string;
        span: number[];
      }[];
    };
    const group = await json<Opened>(ask(app, `/api/runs/0/groups/${step}/${line}`));
    assert.equal(group.prompt.slice(...group.hint_span), group.guidance.hint);
    assert.deepEqual(group.completions.map(({ judged }) => judged.verdict), [true, false, false]);
    const [right] = group.completions;
    assert.equal(right!.text.slice(...right!.span as [number, number]), right!.judged.extracted);
    const family = await json<List>(ask(app, "/api/runs/0/groups?family=gcd"));
    assert.ok(family.total > 0 && family.groups.every((entry) => entry.family === "gcd"));
  });

  it("knows problems and settings of a run under a program's own strategy", async () => {
    const run = join(temporary(), "own");
    writeRun(run, 20, 30);
    const recipe = join(run, "recipe.toml");
    const text = readFileSync(recipe, "utf8").replace('algorithm = "ghpo"', 'algorithm = "mine"');
    writeFileSync(recipe, text.replace("[ghpo]", "[ghpo]\nmine_too = 3") + "\n[mine]\nsetting = 1\n");
    const app = createDashboard({ folders: [run], token: null });
    opened.push(app);
    const { settings } = await json<{ settings: unknown }>(ask(app, "/api/runs/0/facts"));
    assert.deepEqual(settings, { learning_rate: 1e-6, temperature: 1 });
    const { groups } = await json<{ groups: { step: number; line: number }[] }>(
      ask(app, "/api/runs/0/groups"),
    );
    const group = await json<{ answer: string }>(
      ask(app, `/api/runs/0/groups/${groups[0]!.step}/${groups[0]!.line}`),
    );
    assert.match(group.answer, /\d/);
  });

  it("finds data whose path was relative to where the run was begun", async () => {
    const place = temporary();
    const run = join(place, "run");
    writeRun(run, 20, 30);
    const recipe = join(run, "recipe.toml");
    const [group] = readFileSync(join(run, "rollouts/step_000020.jsonl"), "utf8").split("\n");
    const row = { id: JSON.parse(group!).problem_id, problem: "What is it?", answer: "7" };
    writeFileSync(join(place, "own.jsonl"), JSON.stringify(row));
    const text = readFileSync(recipe, "utf8").replace(
      /families = .*/,
      'path = "own.jsonl"\ncolumns = { id = "id" }',
    );
    writeFileSync(recipe, text.replace(/^\[data\.columns\]\n(?:\w+ = .*\n)*/m, ""));
    writeFileSync(
      join(run, "begun.json"),
      JSON.stringify({ begun_at: "2026-01-01T00:00:00.000Z", cwd: place }),
    );
    const app = createDashboard({ folders: [run], token: null });
    opened.push(app);
    const opens = await json<{ question: string; answer: string }>(ask(app, "/api/runs/0/groups/20/0"));
    assert.deepEqual([opens.question, opens.answer], ["What is it?", "7"]);
  });

  it("opens a group whose samples had log-probs that were none", async () => {
    const { app, run } = dashboard();
    const path = join(run, "rollouts", "step_000020.jsonl");
    writeFileSync(path, readFileSync(path, "utf8").replaceAll('"logprobs":[-1', '"logprobs":[null'));
    assert.match(readFileSync(path, "utf8"), /null/);
    assert.equal((await ask(app, "/api/runs/0/groups/20/0")).status, 200);
  });

  it("gives each problem its visits", async () => {
    const { app } = dashboard();
    type List = { problems: { id: string; visits: { step: number; stage: number }[] }[] };
    const { problems } = await json<List>(ask(app, "/api/runs/0/problems"));
    assert.equal(problems.length, 6);
    assert.deepEqual(problems[0]!.visits.map(({ step, stage }) => [step, stage]), [
      [16, 2],
      [17, 3],
      [18, 1],
      [19, 2],
      [20, 3],
    ]);
  });

  it("tells of the memory plan and, where they were kept, of the ranks and the kernels' times", async () => {
    const { app, run } = dashboard();
    type Facts = { plan: Record<string, number>; profile: unknown; ranks: unknown; gpu_bytes: number };
    const before = await json<Facts>(ask(app, "/api/runs/0/facts"));
    assert.deepEqual(before.plan, { weights: 6e6, scratch: 4e6, total: 1e7 });
    rmSync(join(run, "memory.json")); // a run of an earlier version
    assert.equal((await json<Facts>(ask(app, "/api/runs/0/facts"))).plan, null);
    assert.deepEqual([before.gpu_bytes, before.profile], [2e7, null]);
    const kernels = [{ label: "matmul", calls: 3, milliseconds: 1.5 }];
    writeFileSync(join(run, "profile.json"), JSON.stringify({ adapter: "a", kernels }));
    assert.deepEqual((await json<Facts>(ask(app, "/api/runs/0/facts"))).profile, { adapter: "a", kernels });
    assert.equal(before.ranks, null);
    const ranks = { seconds: 2, ranks: [{ host: "a", adapter: "b", wait: 1, exchange: 0 }] };
    writeFileSync(join(run, "ranks.json"), JSON.stringify(ranks));
    assert.deepEqual((await json<Facts>(ask(app, "/api/runs/0/facts"))).ranks, ranks);
  });

  it("answers what it does not know with a problem document of one sentence", async () => {
    const { app } = dashboard();
    const cases: [string, number, RegExp][] = [
      ["/api/runs/9/facts", 404, /no such run/],
      ["/api/runs/0/groups/999/0", 404, /no such group/],
      ["/api/runs/0/groups/1/..%2F", 404, /no such group/],
      ["/nothing", 404, /nothing at this address/],
      ["/page/../app.ts", 404, /nothing at this address/],
      ["/api/runs/0/groups?stag=1", 422, /the key stag is unknown: the nearest known key is stage/],
      ["/api/runs/0/metrics?points=100000", 422, /points must be <= 5000/],
      ["/api/runs/0/metrics?from=x", 422, /from must be/],
    ];
    for (const [path, status, detail] of cases) {
      const response = await ask(app, path);
      assert.equal(response.status, status, path);
      assert.equal(response.headers.get("content-type"), "application/problem+json", path);
      assert.match((await response.json() as { detail: string }).detail, detail);
    }
  });

  it("works on a run whose last lines were cut short", async () => {
    const { app, run } = dashboard();
    appendFileSync(join(run, "metrics.jsonl"), '{"step":21,"rew');
    appendFileSync(join(run, "rollouts", "step_000020.jsonl"), '{"step":20,"prob');
    const runs = await json<{ step: number; faults: number }[]>(ask(app, "/api/runs"));
    assert.deepEqual([runs[0]!.step, runs[0]!.faults], [20, 0]);
    assert.equal((await json<{ total: number }>(ask(app, "/api/runs/0/groups"))).total, 30);
  });
});

describe("steering", () => {
  it("writes a request into the run that is running, and refuses one that is not", async () => {
    const { app, run } = dashboard(5, { max_steps: 9 });
    const path = "/api/runs/0/steering";
    assert.equal((await ask(app, path, steer({ action: "pause" }))).status, 409);
    using _lock = lockRun(run);
    assert.equal((await ask(app, path, steer({ action: "pause" }))).status, 200);
    assert.equal((await ask(app, path, steer({ action: "set", temperature: 0.7 }))).status, 200);
    assert.equal(
      readFileSync(join(run, "steering.jsonl"), "utf8"),
      '{"action":"pause"}\n{"action":"set","temperature":0.7}\n',
    );
  });

  it("refuses what a foreign page, a form or a rebound name could send", async () => {
    const { app, run } = dashboard(5, { max_steps: 9 });
    using _lock = lockRun(run);
    const cases: [RequestInit, number][] = [
      [steer({ action: "stop" }, { origin: "https://evil.example" }), 403],
      [steer({ action: "stop" }, { origin: "null" }), 403],
      [steer({ action: "stop" }, { "sec-fetch-site": "cross-site" }), 403],
      [{ method: "POST", headers: { "content-type": "application/json" }, body: '{"action":"stop"}' }, 403],
      [steer({ action: "stop" }, { "content-type": "text/plain" }), 415],
      [steer({ action: "stop" }, { host: "evil.example" }), 403],
      [steer("{"), 400],
      [steer({ action: "fly" }), 422],
      [steer({ action: "set" }), 422],
      [steer(`"${"x".repeat(20_000)}"`), 413],
    ];
    for (const [init, status] of cases) {
      assert.equal(
        (await ask(app, "/api/runs/0/steering", init)).status,
        status,
        JSON.stringify(init).slice(0, 150),
      );
    }
    assert.throws(() => readFileSync(join(run, "steering.jsonl")), /ENOENT/);
  });
});

describe("the guard", () => {
  it("lets nobody in without the token where there is one", async () => {
    const { app } = dashboard(5, { token: "secret token" });
    assert.equal((await ask(app, "/api/runs")).status, 401);
    assert.equal((await ask(app, "/api/runs", { headers: { authorization: "Bearer wrong" } })).status, 401);
    assert.equal(
      (await ask(app, "/api/runs", { headers: { authorization: "Bearer secret token" } })).status,
      200,
    );
    const redirect = await ask(app, "/?token=secret+token");
    assert.equal(redirect.status, 303);
    const cookie = redirect.headers.get("set-cookie")!;
    assert.match(cookie, /HttpOnly; SameSite=Strict/);
    const headers = { cookie: cookie.split(";")[0]! };
    assert.equal((await ask(app, "/api/runs", { headers })).status, 200);
    assert.equal((await ask(app, "/?token=wrong")).status, 401);
    const [name] = cookie.split("=");
    assert.equal((await ask(app, "/api/runs", { headers: { cookie: `${name}=%E0%A4` } })).status, 401);
  });

  it("lets a browser in to two dashboards of one host", async () => {
    const jar = new Map<string, string>(); // by name, as a browser keeps cookies of a host
    const ports = [7411, 7412].map((port) => {
      const { app } = dashboard(5, { token: `token of ${port}` });
      return { port, app, host: { host: `host:${port}` } };
    });
    for (const { port, app, host } of ports) {
      const { headers } = await ask(app, `/?token=token+of+${port}`, { headers: host });
      const [name, value] = headers.get("set-cookie")!.split(";")[0]!.split("=");
      jar.set(name!, value!);
    }
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    for (const { app, host } of ports) {
      assert.equal((await ask(app, "/api/runs", { headers: { ...host, cookie } })).status, 200);
    }
  });

  it("does not listen beyond this machine without one", () => {
    assert.throws(
      () => serveDashboard({ folders: [temporary()], token: null, port: 0, hostname: "0.0.0.0" }),
      /Cannot listen on 0\.0\.0\.0 as a token is needed there: set GHPO_DASHBOARD_TOKEN/,
    );
  });
});

describe("the live stream", () => {
  it(
    "sends what is new, tells of a resumed run, and ends when the listener leaves",
    { timeout: 20_000 },
    async () => {
      const { app, run } = dashboard(5, { max_steps: 9 });
      const response = await ask(app, "/api/events");
      const reader = response.body!.getReader();
      const decoder = new TextDecoder();
      const next = async () => decoder.decode((await reader.read()).value);
      assert.match(await next(), /^: /);
      assert.equal(app.live.listeners, 1);
      appendJsonl(join(run, "metrics.jsonl"), metricsOf(6));
      const event = JSON.parse(/^event: run\ndata: (.*)\n\n$/.exec(await next())![1]!);
      assert.deepEqual([event.run, event.summary.step, event.after, event.window.steps], ["0", 6, 5, [6]]);
      writeRun(run, 3, 9);
      const again = JSON.parse(/data: (.*)\n\n$/.exec(await next())![1]!);
      assert.deepEqual([again.reload, again.summary.step], [true, 3]);
      await reader.cancel();
      assert.equal(app.live.listeners, 0);
    },
  );
});
