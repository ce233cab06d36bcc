// The run in focus: where it stands, how to steer it, where its memory goes, its checkpoints, events and recipe.

import { duration, element, megabytes, percent, say, short, table } from "./dom.js";
import { get, post, state } from "./data.js";

export async function runView(main) {
  const run = state.focus;
  const facts = await get(`api/runs/${run.id}/facts`);
  const newest = facts.checkpoints.at(-1);
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
  if (facts.faults > 0) {
    lines.push(["metrics", `${facts.faults} lines of metrics.jsonl are damaged and left out`]);
  }
  main.replaceChildren(
    element("h2", {}, run.name),
    element(
      "dl",
      { class: "facts" },
      ...lines.flatMap(([k, v]) => [element("dt", {}, k), element("dd", {}, v)]),
    ),
    ...steering(run, facts),
    ...memory(facts),
    ...kernelTimes(facts.profile, run, newest),
    element("h2", {}, "Checkpoints"),
    facts.checkpoints.length === 0 ? element("p", { class: "empty" }, "None yet.") : element(
      "div",
      { class: "scroll" },
      table(
        ["step", "written", "size", "held-out accuracy"],
        facts.checkpoints.toReversed().map(({ step, created_at, bytes, metrics }) => [
          String(step),
          created_at.replace("T", " ").slice(0, 19),
          megabytes(bytes),
          percent(metrics.eval_accuracy ?? null),
        ]),
      ),
    ),
    element("h2", {}, "Recipe"),
    element("pre", { class: "text", tabindex: 0, "aria-label": "Recipe" }, facts.recipe),
  );
}

function steering(run, facts) {
  if (run.kind !== "train") return [];
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
  const log = facts.events.length === 0
    ? element("p", { class: "empty" }, "Nothing was changed in this run.")
    : element(
      "ol",
      { class: "visits" },
      ...facts.events.map((e) => element("li", {}, `after step ${e.step}: ${wordsOf(e)}`)),
    );
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
    open ? null : element("p", { class: "hint" }, "The run is not running: there is nothing to steer."),
    log,
  ].filter((node) => node !== null);
}

function wordsOf({ action, learning_rate, temperature }) {
  if (action !== "set") return action;
  return [
    learning_rate === undefined ? "" : `learning rate ${learning_rate}`,
    temperature === undefined ? "" : `temperature ${temperature}`,
  ].filter(Boolean).join(", ");
}

/** The plan, made from the recipe alone, beside what the run has really allocated. */
function memory({ plan, gpu_bytes }) {
  const rows = Object.entries(plan ?? {}).map(([part, bytes]) => [`planned: ${part}`, megabytes(bytes)]);
  if (gpu_bytes !== null) rows.push(["measured: all buffers", megabytes(gpu_bytes)]);
  if (rows.length === 0) return [];
  return [
    element("h2", {}, "GPU memory"),
    element("div", { class: "scroll" }, table(["part", "size"], rows)),
  ];
}

/** Where the time of a step goes; the profile is made beside the run, for it slows a step down. */
function kernelTimes(profile, run, newest) {
  if (profile === null) {
    if (!newest) return [];
    const command = `npm run -s ghpo -- profile --run ${run.path}`;
    return [
      element("h2", {}, "Kernels"),
      element("p", { class: "hint" }, "To see the time of each kernel of a step here:"),
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
    element("div", { class: "scroll" }, table(["kernel", "calls", "ms", "share"], rows)),
  ];
}
