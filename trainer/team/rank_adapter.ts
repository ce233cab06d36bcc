// Which GPU a rank takes when several share a machine. WebGPU cannot tell two equal ones apart, but drivers choose by
// their own variables: GHPO_RANK_ENV holds an assignment for each rank of a machine, separated by commas, such as
//   GHPO_RANK_ENV=DRI_PRIME=pci-0000_01_00_0,DRI_PRIME=pci-0000_02_00_0
// In Bun `process.env` is a copy that no driver sees, hence libc's setenv, before the first adapter is asked for.

import { dlopen, FFIType, ptr } from "bun:ffi";

/** What launchers call a rank's number among those of its machine. */
const LOCAL_RANK = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];

export function useAdapterOfRank(environment: Record<string, string | undefined>): void {
  const { GHPO_RANK_ENV: setting } = environment;
  if (!setting) return;
  const [name, value] = assignmentOf(setting, environment);
  const { symbols: { setenv } } = dlopen("libc.so.6", {
    setenv: { args: [FFIType.ptr, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  });
  setenv(ptr(Buffer.from(`${name}\0`)), ptr(Buffer.from(`${value}\0`)), 1);
}

/** The assignment of this rank. */
export function assignmentOf(
  setting: string,
  environment: Record<string, string | undefined>,
): [name: string, value: string] {
  const key = LOCAL_RANK.find((name) => environment[name] !== undefined);
  const local = Number(key === undefined ? 0 : environment[key]);
  const assignments = setting.split(",");
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(assignments[local] ?? "") ?? [];
  if (name === undefined || value === undefined) {
    throw new RangeError(
      `Cannot choose the adapter of local rank ${local} as GHPO_RANK_ENV must hold NAME=VALUE for each rank of a ` +
        `machine, separated by commas: current value is ${setting}`,
    );
  }
  return [name, value];
}
