// The run in focus: where it stands, how to steer it, where its memory goes, its checkpoints, events and recipe.

import { duration, element, megabytes, percent, say, short, table } from "./dom.js";
import { get, post, state } from "./data.js";

/** Facts are asked for again at most so often, ms. */
const PATIENCE = 2000;

export async function runView(main) {
  const run = state.focus;
  const part = () => element("div");
  const [about, alerts, ranks, tools, changes, saved] = [part(), part(), part(), part(), part(), part()];
  const facts = await get(`api/runs/${run.id}/facts`);
  main.replaceChildren(
    element("h2", {}, run.name),
    about,
    alerts,
    ranks,
    tools,
    changes,
    ...memory(facts),
    ...kernelTimes(facts.profile, run),
    element("h2", {}, "Checkpoints"),
    saved,
    element("h2", {}, "Recipe"),
    element("pre", { class: "text", tabindex: 0, "aria-label": "Recipe" }, facts.recipe),
  );
  let status = null;
  const fill = (facts) => {
    about.replaceChildren(aboutRun(run, facts));
    alerts.replaceChildren(...alertsOf(run));
    ranks.replaceChildren(...ranksOf(facts.ranks));
    saved.replaceChildren(checkpointTable(facts.checkpoints));
    if (run.kind !== "train") return;
    changes.replaceChildren(changesOf(facts.events));
    // Not at every step: somebody may be typing a learning rate.
    if (status !== run.status || !tools.contains(document.activeElement)) {
      tools.replaceChildren(...steering(run, facts.settings));
    }
    status = run.status;
  };
  fill(facts);
  let timer = null;
  return () => {
    timer ??= setTimeout(async () => {
      timer = null;
      if (!main.isConnected) return;
      fill(await get(`api/runs/${run.id}/facts`).catch(() => facts));
    }, status === run.status ? PATIENCE : 0);
  };
}

function aboutRun(run, { checkpoints, faults }) {
  const newest = checkpoints.at(-1);
  const lines = [
    ["directory", run.path],
    ["model", run.model],
    ["algorithm", run.algorithm],
    ["status", `${run.status}, step ${run.step} of ${run.max_steps}, ${duration(run.time)}`],
    ["adapter", newest?.adapter ?? "known from the first checkpoint on"],
    [
      "kernels",
      newest ? Object.entries(newest.kernel_variants).map(([k, v]) => `${k}: ${v}`).join(", ") : "–",
    ],
    ["architecture", newest?.model_type ?? "–"],
  ];
  if (faults > 0) lines.push(["metrics", `${faults} lines of metrics.jsonl are damaged and left out`]);
  return element(
    "dl",
    { class: "facts" },
    ...lines.flatMap(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]),
  );
}

function alertsOf({ alerts }) {
  if (alerts.length === 0) return [];
  const rows = alerts.toReversed().map(({ step, rule, message, advice }) => [
    String(step),
    rule,
    message,
    advice,
  ]);
  return [
    element("h2", {}, "Alerts"),
    element(
      "div",
      { class: "scroll", id: "alerts", tabindex: 0 },
      table(["step", "rule", "what", "try"], rows, "words"),
    ),
  ];
}

/** Who trains together, and who waits for whom: a rank that never waits is the one that the others wait for. */
function ranksOf(session) {
  if (session === null) return [];
  const share = (value) => percent(value / Math.max(session.seconds, 1e-9));
  const rows = session.ranks.map(({ host, adapter, wait, exchange }, rank) => [
    String(rank),
    host,
    adapter,
    share(wait),
    share(exchange),
  ]);
  return [
    element("h2", {}, "Ranks"),
    element(
      "div",
      { class: "scroll", id: "ranks", tabindex: 0 },
      table(["rank", "host", "adapter", "waits", "exchanges"], rows),
    ),
  ];
}

function checkpointTable(checkpoints) {
  if (checkpoints.length === 0) return element("p", { class: "empty" }, "None yet.");
  const rows = checkpoints.toReversed().map(({ step, created_at, bytes, metrics }) => [
    String(step),
    created_at.replace("T", " ").slice(0, 19),
    megabytes(bytes),
    percent(metrics.eval_accuracy ?? null),
  ]);
  return element(
    "div",
    { class: "scroll", tabindex: 0 },
    table(["step", "written (UTC)", "size", "held-out accuracy"], rows),
  );
}

function changesOf(events) {
  if (events.length === 0) return element("p", { class: "empty" }, "Nothing was changed in this run.");
  const lines = events.map((e) => element("li", {}, `after step ${e.step}: ${wordsOf(e)}`));
  return element("ol", { class: "visits" }, ...lines);
}

function steering(run, settings) {
  const open = ["running", "paused"].includes(run.status);
  const send = async (request) => {
    try {
      await post(`api/runs/${run.id}/steering`, request);
      say(`Asked: ${wordsOf(request)}. It is done between two steps.`);
    } catch (error) {
      say(error.message);
    }
  };
  const button = (text, action) =>
    element("button", { disabled: !open, "data-action": action, onclick: () => send({ action }) }, text);
  const setting = (key, label, max) => {
    const input = element("input", {
      type: "number",
      value: settings?.[key],
      step: "any",
      min: 0,
      max,
      disabled: !open,
      required: true,
    });
    return element(
      "form",
      {
        class: "field",
        onsubmit: (event) => {
          event.preventDefault();
          send({ action: "set", [key]: Number(input.value) });
        },
      },
      element("label", { class: "field" }, label, input),
      element("button", { disabled: !open }, "set"),
    );
  };
  return [
    element("h2", {}, "Steering"),
    element(
      "div",
      { class: "controls", id: "steering" },
      run.status === "paused" ? button("Resume", "resume") : button("Pause", "pause"),
      button("Checkpoint now", "checkpoint"),
      button("Stop after this step", "stop"),
      setting("learning_rate", "learning rate", 1),
      setting("temperature", "temperature", 5),
    ),
    ...(open ? [] : [element("p", { class: "hint" }, "The run is not running: there is nothing to steer.")]),
  ];
}

function wordsOf({ action, learning_rate, temperature }) {
  if (action !== "set") return action;
  return [
    learning_rate === undefined ? "" : `learning rate ${learning_rate}`,
    temperature === undefined ? "" : `temperature ${temperature}`,
  ].filter(Boolean).join(", ");
}

/** The plan, made from the recipe alone, next to what the run has really allocated. */
function memory({ plan, gpu_bytes }) {
  const rows = Object.entries(plan ?? {}).map(([part, bytes]) => [`planned: ${part}`, megabytes(bytes)]);
  if (gpu_bytes !== null) rows.push(["measured: all buffers", megabytes(gpu_bytes)]);
  if (rows.length === 0) return [];
  return [
    element("h2", {}, "GPU memory"),
    element("div", { class: "scroll", tabindex: 0 }, table(["part", "size"], rows)),
  ];
}

/** Where the time of a step goes; the profile is a separate command, as it slows a step down. */
function kernelTimes(profile, run) {
  if (profile === null) {
    const command = `npm run -s ghpo -- profile --run ${run.path}`;
    return [
      element("h2", {}, "Kernels"),
      element(
        "p",
        { class: "hint" },
        "To see the time of each kernel of a step here, once there is a checkpoint:",
      ),
      element("pre", { class: "text", tabindex: 0, "aria-label": "command" }, command),
    ];
  }
  const total = profile.kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = profile.kernels.toSorted((a, b) => b.milliseconds - a.milliseconds).map((kernel) => [
    kernel.label,
    String(kernel.calls),
    short(kernel.milliseconds),
    percent(kernel.milliseconds / total),
  ]);
  return [
    element("h2", {}, "Kernels"),
    element("p", { class: "hint" }, `One step on ${profile.adapter}, ${short(total)} ms in kernels.`),
    element("div", { class: "scroll", tabindex: 0 }, table(["kernel", "calls", "ms", "share"], rows)),
  ];
}
