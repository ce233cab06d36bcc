// bundle: what a maintainer needs to look into a fault, as one JSON file: recipe, versions, adapter, the last metrics,
// events, dumps and checkpoints. No data, no weights, no texts of problems or completions, no tokens, no home folder.

import { existsSync, readdirSync } from "node:fs";
import { homedir, hostname, platform, release } from "node:os";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "#shared/io/atomic_write.ts";
import { makeDirectory, readJson, readText } from "#shared/io/files.ts";
import { checkpointName, listCheckpoints, readCheckpoint } from "../run/checkpoint.ts";
import { summarise, table, theRun } from "../dashboard/runs.ts";
import { RunDirectory } from "../run/directory.ts";
import { readEvents } from "../run/steering.ts";
import { examine } from "./doctor.ts";
import manifest from "../../package.json" with { type: "json" };
import { shownPath } from "./shown_path.ts";

const LAST_RECORDS = 50;
const LAST_DUMPS = 5;

export async function bundleCommand(
  path: string,
  options: { out?: string; doctor: boolean; json?: boolean },
): Promise<void> {
  const run = theRun(path);
  const out = options.out ?? join(run, "bundle.json");
  const report = {
    format_version: 1,
    made_at: new Date().toISOString(),
    versions: { ghpo: manifest.version, bun: Bun.version, ...manifest.dependencies },
    system: { platform: platform(), release: release(), cpus: navigator.hardwareConcurrency },
    // Asking the adapter takes seconds and may be what crashes, so it can be left out.
    doctor: options.doctor ? await examine().catch((error: Error) => ({ error: error.message })) : null,
    run: { ...summarise(run), path: basename(run) },
    recipe: readText(join(run, "recipe.toml")),
    metrics: new RunDirectory(run).readMetrics().slice(-LAST_RECORDS),
    events: readEvents(run),
    checkpoints: listCheckpoints(join(run, "checkpoints")).map((step) => checkpointState(run, step)),
    dumps: dumps(run),
  };
  const text = withoutPlaces(withoutSecrets(JSON.stringify(report, null, 1))) + "\n";
  makeDirectory(dirname(out));
  writeFileAtomic(out, text);
  const bytes = Buffer.byteLength(text);
  console.log(
    options.json
      ? JSON.stringify({ file: out, bytes })
      : `${shownPath(out)}: recipe, versions, adapter, last metrics and errors of ${shownPath(run)}. ` +
        "Look it over before you send it.",
  );
}

function checkpointState(run: string, step: number) {
  try {
    const { manifest } = readCheckpoint(join(run, "checkpoints", checkpointName(step)));
    return { step, state: "whole", adapter: manifest.adapter, kernel_variants: manifest.kernel_variants };
  } catch (error) {
    return { step, state: (error as Error).message };
  }
}

/** The last dumps without token ids: those are data. */
function dumps(run: string) {
  const folder = join(run, "dumps");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).sort().slice(-LAST_DUMPS).map((name) => {
    const { batch, ...rest } = table(readJson(join(folder, name)));
    const sequences = Array.isArray(batch) ? batch.map((entry) => table(entry)) : [];
    return {
      ...rest,
      batch: sequences.map(({ ids, ...facts }) => ({ ...facts, tokens: (ids as number[]).length })),
    };
  });
}

/** Variables whose values are nobody's business. */
const SECRET_NAMES = /token|key|secret|passw|credential/i;
/** Tokens of well-known services, and what stands before the @ of an address. */
const SECRETS = /\b(?:hf_|sk-|ghp_|github_pat_|glpat-|AKIA)[\w-]{12,}|(?<=:\/\/)[^\s\/@"]+(?=@)/g;

/** A secret may have come into a recipe's path or address; the environment tells what to look for. */
function withoutSecrets(text: string): string {
  const values = Object.entries(process.env).filter(([name]) => SECRET_NAMES.test(name)).map(([, value]) =>
    value
  );
  const known = values.filter((value) => value !== undefined && value.length >= 8);
  return known.reduce<string>((text, value) => text.replaceAll(value!, "SECRET"), text).replace(
    SECRETS,
    "SECRET",
  );
}

/** Names of the person and of the machine stand in paths. Only whole ones are meant: a host may be called "vm". */
export function withoutPlaces(
  text: string,
  places: readonly [string, string][] = [[process.cwd(), "."], [homedir(), "~"], [hostname(), "HOST"]],
): string {
  return places.filter(([place]) => place !== "" && place !== "/").reduce((text, [place, name]) => {
    const written = RegExp.escape(JSON.stringify(place).slice(1, -1));
    return text.replace(new RegExp(`(?<![\\w.-])${written}(?![\\w-])`, "g"), name);
  }, text);
}
