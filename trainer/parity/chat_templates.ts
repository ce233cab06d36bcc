// bun trainer/parity/chat_templates.ts DIRECTORY...
// Chat prompts, text and ids, against those that transformers rendered (chat_templates.py) from the same files.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "#shared/io/files.ts";
import { loadTokenizer } from "#shared/io/tokenizer_files.ts";
import type { ChatMessage } from "#shared/text/chat_template.ts";

for (const directory of process.argv.slice(2)) {
  const path = join(directory, "chat_reference.json");
  if (!existsSync(path)) {
    console.log(`skipped: ${directory} has no chat_reference.json, which chat_templates.py writes`);
    continue;
  }
  const tokenizer = loadTokenizer(directory);
  const rows = readJson(path) as { messages: ChatMessage[]; text: string; ids: number[] }[];
  for (const { messages, text, ids } of rows) {
    assert.equal(tokenizer.chat(messages), text);
    assert.deepEqual(tokenizer.encode(text), ids);
  }
  console.log(`${directory}: ${rows.length} chats equal`);
}
