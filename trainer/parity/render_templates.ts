// bun trainer/parity/render_templates.ts OUT.json [NAME]
// Renders what render_templates.py rendered, and counts how often the text is the same, or both refuse. Exits 1 where a
// text differs or where only one of them refuses. With NAME, shows what differs in templates of that name.

import { chatTemplate } from "#shared/text/chat_template.ts";
import { readJson } from "#shared/io/files.ts";

interface Reference {
  now: string;
  tokens: Record<string, string>;
  dialogues: { messages: never[]; options: { add_generation_prompt?: boolean } }[];
  rows: { name: string; template: string; texts: (string | null)[] }[];
}

const [path, wanted] = process.argv.slice(2);
const { now, tokens, dialogues, rows } = readJson(path!) as Reference;
const counts = { same: 0, refused: 0, "only here": 0, "only in transformers": 0, differs: 0 };
for (const { name, template, texts } of rows) {
  const render = chatTemplate(template, tokens);
  const faults: string[] = [];
  for (
    const [i, { messages, options: { add_generation_prompt = true, ...variables } }] of dialogues.entries()
  ) {
    const expected = texts[i]!;
    let actual: string | null = null;
    let reason = "";
    try {
      actual = render(messages, {
        addGenerationPrompt: add_generation_prompt,
        now: new Date(now),
        variables,
      });
    } catch (error) {
      reason = (error as Error).message;
    }
    const kind = actual === expected
      ? expected === null ? "refused" : "same"
      : actual === null
      ? "only here"
      : expected === null
      ? "only in transformers"
      : "differs";
    counts[kind]++;
    if (kind === "same" || kind === "refused") continue;
    faults.push(`${kind} (dialogue ${i}) ${reason}`);
    if (wanted && name.includes(wanted)) console.log({ i, reason, expected, actual });
  }
  if (faults.length > 0) console.log(`${name}: ${faults.length} of ${dialogues.length}: ${faults[0]}`);
}
console.log(`${rows.length} templates x ${dialogues.length} dialogues: ${JSON.stringify(counts)}`);
if (counts["only here"] + counts["only in transformers"] + counts.differs > 0) process.exit(1);
