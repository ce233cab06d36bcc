// npm run -s pack -- --out FILE [--model DIR] [--driver] [--mpi]
//
// Writes an offline bundle for machines without network: one folder, ghpo-offline, with the runtime for this
// platform, the dependencies and the project. There it is ./ghpo that npm run -s ghpo -- is here; ./ghpo evaluate and
// ./ghpo verify run the evaluator and the verifier.
//
//   --out FILE    archive to write: .tar.xz (takes minutes), or .tar
//   --model DIR   with a model, as models/NAME
//   --driver      with a software Vulkan driver, for machines without a GPU
//   --mpi         with MPICH, for --ranks on machines without MPI
//
// The machine needs Linux with glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9), libstdc++ and, for a GPU, its
// Vulkan driver and the loader.

import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ensureVulkan } from "./driver.mjs";
import { ensureUnpackedMpich } from "./mpi.mjs";
import * as parts from "./pack_parts.mjs";
import { FOLDER, mib, write } from "./pack_writer.mjs";
import { readJson, ROOT } from "./cache.mjs";
import { setUp } from "./setup.mjs";

try {
  await main();
} catch (error) {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
}

async function main() {
  const options = {
    out: { type: "string" },
    model: { type: "string" },
    driver: { type: "boolean" },
    mpi: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  };
  const { values } = parseArgs({ options });
  if (values.help) {
    const [header] = /^(?:\/\/.*\n)+/.exec(readFileSync(fileURLToPath(import.meta.url), "utf8"));
    console.log(header.replace(/^\/\/ ?/gm, "").trimEnd());
    return;
  }
  if (process.platform !== "linux") {
    throw new Error(`Cannot pack as a bundle must be made on Linux: current system is ${process.platform}`);
  }
  const place = (path) => resolve(process.env.INIT_CWD ?? process.cwd(), path);
  if (values.out === undefined) {
    throw new Error("Cannot pack as no archive is named: pass --out FILE, which ends in .tar.xz or .tar");
  }
  if (!/\.tar(\.xz)?$/.test(values.out)) {
    throw new Error(`Cannot pack as --out must end in .tar.xz or .tar: current value is ${values.out}`);
  }
  const contents = await contentsOf(values, place);
  const out = place(values.out);
  try {
    mkdirSync(dirname(out), { recursive: true });
  } catch (cause) {
    throw new Error(
      `Cannot write ${values.out} as ${dirname(values.out)} must be a folder: ${cause.message}`,
    );
  }
  const rows = await write(out, contents);
  for (const { name, files, bytes, packed } of rows) {
    console.log(
      `${name.padEnd(13)}${String(files).padStart(6)} files ${mib(bytes).padStart(10)}${
        packed === null ? "" : ` ${mib(packed).padStart(10)} packed`
      }`,
    );
  }
  console.log(`${values.out}: ${mib(statSync(out).size)}`);
  console.log(`Next: tar xf ${values.out} there, and ./${FOLDER}/ghpo --help`);
}

/** The parts of the bundle by name. */
async function contentsOf({ model, driver, mpi }, place) {
  await setUp({ gpu: false });
  const { version } = readJson(join(ROOT, "package.json"));
  const about = { version, platform: `${process.platform}-${process.arch}` };
  const contents = {
    runtime: parts.runtimeFiles(),
    dependencies: parts.dependencyFiles(),
    project: [
      ...parts.projectFiles(),
      { path: "offline.json", bytes: Buffer.from(JSON.stringify(about) + "\n"), mode: 0o644 },
    ],
  };
  if (driver) {
    const { missing } = await ensureVulkan({ hide: "system,apt" });
    if (missing) throw new Error(`Cannot pack a driver: ${missing}`);
    contents.driver = parts.driverFiles();
  }
  if (mpi) {
    const mpich = await ensureUnpackedMpich();
    if (mpich.missing) throw new Error(mpich.missing);
    contents.mpi = await parts.mpiFiles(mpich.root);
  }
  if (model !== undefined) contents.model = parts.modelFiles(place(model));
  return contents;
}
