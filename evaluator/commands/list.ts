// `benchmarks`: what can be evaluated and where its data comes from.

import { benchmarks } from "#shared/tasks/index.ts";
import { FAMILIES } from "#shared/tasks/synthetic.ts";

/** Prints the benchmarks. */
export function list(options: { json?: boolean }): void {
  const bundled = FAMILIES.map((name) => ({ name, file: null, rows: null, licence: "generated", url: null }));
  const published = benchmarks.map(({ name, file }) => ({ ...file, name, file: file.name }));
  const all = [...bundled, ...published];
  if (options.json) return console.log(JSON.stringify(all));
  for (const { name, file, rows, licence, url } of all) {
    const data = file === null ? "from --problems-seed" : `${rows} problems in ${file}: ${licence}; ${url}`;
    console.log(`${name.padEnd(14)} ${data}`);
  }
}
