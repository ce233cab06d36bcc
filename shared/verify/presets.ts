// Presets are data: which part of a completion is graded and what counts as equal.

/** Settings of a grader. */
export type Preset = { name: string };

/** The graders that ship with the project. */
export const presets = {
  strict: { name: "strict" },
  ghpo: { name: "ghpo" },
  report: { name: "report" },
  hendrycks: { name: "hendrycks" },
  minerva: { name: "minerva" },
  gsm8k: { name: "gsm8k" },
  qwen: { name: "qwen" },
  dapo: { name: "dapo" },
  choice: { name: "choice" },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
