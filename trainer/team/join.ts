// From process to rank and back: joining the others when mpirun or srun has started this process, and ending with them.
// A rank that ends in any other way ends the whole job, as the others would wait for it forever.

import { messageOf } from "#shared/text/format.ts";
import { useAdapterOfRank } from "./rank_adapter.ts";
import { launchOf, Mpi } from "./mpi.ts";
import { MpiTeam } from "./mpi_team.ts";
import { SOLO, type Team } from "./team.ts";

/** Seconds that a rank waits for others by default. */
export const DEADLINE_S = 1800;

/**
 * Runs `work` alone, or as one rank of a job; then the process ends here.
 * @param deadline seconds that a rank waits for the others
 */
export async function inTeam(deadline: number, work: (team: Team) => Promise<void>): Promise<void> {
  const launch = launchOf(process.env);
  if (launch === null) return await work(SOLO);
  useAdapterOfRank(process.env);
  const mpi = new Mpi(launch);
  const team = new MpiTeam(mpi, deadline);
  let done = false;
  process.on("exit", () => {
    if (!done) team.abort(`Cannot continue as rank ${team.rank} ended before the run did`);
  });
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => team.abort(`rank ${team.rank}: ${messageOf(error)}`));
  }
  let code = 1;
  try {
    await work(team);
    code = Number(process.exitCode ?? 0);
    await team.leave();
  } catch (error) {
    const agreed = await team.agree(error);
    if (team.first) console.error(`error: ${messageOf(agreed)}`);
    code = 1;
    await team.leave();
  }
  done = true;
  mpi.finalize();
  mpi.exit(team.first ? code : 0);
}
