#!/usr/bin/env node
// The `verify` command: one comparison from the command line, or a file of them.
// Only node: modules and the runtime-neutral verifier, so Deno, Bun and Node run the same file.

import { closeSync, fstatSync, openSync, readSync, statSync, writeSync } from "node:fs";
import process from "node:process";
import { StringDecoder } from "node:string_decoder";
import { parseArgs } from "node:util";
import {
  checkGold,
  explain,
  type Explanation,
  type GoldReport,
  inspectGold,
  parseRow,
  type Preset,
  type PresetName,
  presets,
  rowOptions,
  type Verdict,
  verify,
  type VerifyOptions,
} from "./mod.ts";

const help =
  `verify GOLD COMPLETION [options]        compare the final answer of a completion with a gold answer
verify --batch FILE.jsonl [options]     rows {id, gold, pred, opts?, policy?}; "-" reads standard input
verify --check-gold GOLD [options]      can this gold answer be verified?
verify --check-gold FILE [options]      the golds of a data set (.jsonl, .json, .txt) that are unreadable, ambiguous,
                                        prose or words, by row

  --preset NAME     ${Object.keys(presets).join(", ")} (default strict)
  --set KEY=VALUE   change one setting of the preset, e.g. --set boxes=last --set significantDigits=6
  --bare            both texts are expressions, not prose
  --choices A,B,C   multiple choice over these letters
  --column NAME     the column of the golds in FILE (default: gold, answer, final_answer, target or solution)
  --explain         say where the answer was found, how both sides were read, which tier decided, and why
  --json            one JSON object; a batch prints one a line, with or without it
  --help            this text

Exit code: 0 when equal (a batch: when every row could be read; a file of golds: when all of them can be), 1 when not, 2 when the
call itself was wrong.`;

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    const { code } = cause as { code?: string };
    throw new Error(`Cannot read ${path} ${code === "ENOENT" ? "as it does not exist" : `(${code})`}`, {
      cause,
    });
  }
}

/** Reads a file line by line without holding all of it. */
function* lines(path: string): Generator<string> {
  const file = path === "-" ? 0 : open(path);
  if (fstatSync(file).isDirectory()) throw new Error(`Cannot read ${path} as it is a directory`);
  const decoder = new StringDecoder("utf8");
  const buffer = new Uint8Array(1 << 16);
  let rest = "";
  for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
    const parts = (rest + decoder.write(buffer.subarray(0, size) as Buffer)).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (file !== 0) closeSync(file);
  if (rest !== "") yield rest;
}

/** Settings given as KEY=VALUE, checked against the kind of value that the preset has there. */
function settings(pairs: readonly string[], preset: Preset): VerifyOptions {
  const rules: Record<string, unknown> = {};
  const extraction: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [name = "", text = ""] = pair.split(/=(.*)/s);
    const target = name in preset.rules ? rules : name in preset.extraction ? extraction : null;
    const current: unknown = { ...preset.rules, ...preset.extraction }[name as keyof Preset["rules"]];
    if (target === null) {
      const known = [...Object.keys(preset.rules), ...Object.keys(preset.extraction)];
      throw new TypeError(`Cannot set "${name}" as it is no setting: use ${known.join(", ")}`);
    }
    if (typeof current === "boolean") target[name] = text === "true";
    else if (typeof current === "number" || current === null) {
      target[name] = text === "null" ? null : Number(text);
    } else target[name] = Array.isArray(current) ? text.split(",") : text;
  }
  return { rules, extraction };
}

function merge(a: VerifyOptions, b: VerifyOptions): VerifyOptions {
  return { ...a, ...b, rules: { ...a.rules, ...b.rules }, extraction: { ...a.extraction, ...b.extraction } };
}

/** Writes to a stream in full; standard output may be a pipe that takes part of it. */
function print(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += writeSync(1, bytes.subarray(done));
}

function batch(path: string, preset: PresetName, options: VerifyOptions, explain: boolean): number {
  let number = 0;
  let failures = 0;
  let pending = "";
  for (const line of lines(path)) {
    number++;
    if (line.trim() === "") continue;
    try {
      const row = parseRow(line, number);
      const verdict = verify(row.gold, row.pred, preset, merge(rowOptions(row), options));
      const { tier, reason, extracted } = verdict;
      const more = explain ? { reason, extracted } : {};
      pending += JSON.stringify({ id: row.id, verdict: verdict.verdict, tier, ...more }) + "\n";
    } catch (error) {
      failures++;
      console.error((error as Error).message);
    }
    if (pending.length > 1 << 16) {
      print(pending);
      pending = "";
    }
  }
  print(pending);
  return failures === 0 ? 0 : 1;
}

const names = new Map<unknown, string>([[true, "equal"], [false, "different"], [null, "no verdict"]]);

function show(verdict: Verdict, why: Explanation | null, json: boolean): number {
  if (json) print(JSON.stringify(why ?? verdict) + "\n");
  else print((names.get(verdict.verdict) ?? "undecided") + "\n");
  if (why !== null && !json) {
    const { extracted, span, found, tier, reason, fuel, gold, goldReadings, answerReadings } = why;
    const place = span === undefined
      ? ""
      : ` (characters ${span.start} to ${span.end}${found === null ? "" : `, ${found}`})`;
    print(`extracted: ${extracted ?? "nothing"}${place}\n`);
    print(`gold: ${gold ?? "not readable"}\n`);
    if (goldReadings.length > 0) print(`gold read as: ${goldReadings.join("  or  ")}\n`);
    if (answerReadings.length > 0) print(`answer read as: ${answerReadings.join("  or  ")}\n`);
    print(`tier: ${tier}\nreason: ${reason}\nfuel: ${fuel}\n`);
  }
  return verdict.verdict === true ? 0 : 1;
}

const columns = ["gold", "answer", "final_answer", "target", "solution"];

/** The golds of a file with the number of their row; a column may hold several. */
function* goldsOf(path: string, column: string | undefined): Generator<[number, string]> {
  const rows: Iterable<unknown> = path.endsWith(".json")
    ? JSON.parse([...lines(path)].join("\n")) as unknown[]
    : path.endsWith(".txt")
    ? lines(path)
    : (function* () {
      for (const line of lines(path)) if (line.trim() !== "") yield JSON.parse(line) as unknown;
    })();
  let number = 0;
  for (const row of rows) {
    number++;
    if (typeof row !== "object" || row === null) {
      yield [number, String(row)];
      continue;
    }
    const name = column ?? columns.find((each) => each in row);
    if (name === undefined || !(name in row)) {
      throw new TypeError(
        `Cannot read row ${number} of ${path} as it has no column ${column ?? columns.join(" or ")}: it has ${
          Object.keys(row).join(", ")
        }`,
      );
    }
    const value = (row as Record<string, unknown>)[name];
    for (const gold of Array.isArray(value) ? value : [value]) yield [number, String(gold)];
  }
}

/** Reports the golds of a data set by row, but for those that are plain mathematics. */
function checkFile(path: string, column: string | undefined, preset: PresetName, json: boolean): number {
  const count: Record<GoldReport["kind"], number> = {
    mathematics: 0,
    words: 0,
    prose: 0,
    ambiguous: 0,
    unreadable: 0,
  };
  for (const [row, gold] of goldsOf(path, column)) {
    const { kind, answer, reason } = inspectGold(gold, preset);
    count[kind]++;
    if (kind === "mathematics") continue;
    const shown = (answer ?? gold).replaceAll(/\s+/g, " ").slice(0, 100);
    print(
      json
        ? JSON.stringify({ row, kind, gold: shown, reason }) + "\n"
        : `row ${row}: ${kind}: ${shown} (${reason})\n`,
    );
  }
  const summary = Object.entries(count).map(([kind, n]) => `${n} ${kind}`).join(", ");
  if (json) print(JSON.stringify({ summary: count }) + "\n");
  else print(`${Object.values(count).reduce((sum, n) => sum + n, 0)} golds: ${summary}\n`);
  return count.unreadable === 0 ? 0 : 1;
}

function main(args: string[]): number {
  // Looked for first, as parseArgs would take it for the missing value of an option before it.
  const words = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  if (words.includes("--help") || words.includes("-h")) {
    print(help + "\n");
    return 0;
  }
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      batch: { type: "string" },
      "check-gold": { type: "string" },
      column: { type: "string" },
      preset: { type: "string", default: "strict" },
      set: { type: "string", multiple: true, default: [] },
      bare: { type: "boolean", default: false },
      choices: { type: "string" },
      explain: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (!(values.preset in presets)) {
    throw new TypeError(
      `Cannot use preset "${values.preset}" as it is unknown: use ${Object.keys(presets).join(", ")}`,
    );
  }
  const preset = values.preset as PresetName;
  const options = settings(values.set, presets[preset]);
  if (values.bare) options.bare = true;
  if (values.choices !== undefined) options.choices = values.choices.split(",");
  if (values.batch !== undefined) return batch(values.batch, preset, options, values.explain);
  const gold = values["check-gold"];
  if (gold !== undefined) {
    if (statSync(gold, { throwIfNoEntry: false })?.isDirectory()) {
      throw new Error(
        `Cannot read ${gold} as it is a directory: give a .jsonl, .json or .txt file, or a gold answer`,
      );
    }
    if (/\.(?:jsonl|json|txt)$/.test(gold)) return checkFile(gold, values.column, preset, values.json);
    const report = inspectGold(gold, preset);
    if (!values.json) print(`${report.kind}: ${report.reason}\n`);
    return show(checkGold(gold, preset), null, values.json);
  }
  const [expected, completion] = positionals;
  if (expected === undefined || completion === undefined || positionals.length > 2) {
    throw new TypeError(
      `Cannot compare as two texts are needed: current number is ${positionals.length}: verify GOLD COMPLETION`,
    );
  }
  const why = values.explain ? explain(expected, completion, preset, options) : null;
  return show(why ?? verify(expected, completion, preset, options), why, values.json);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}
