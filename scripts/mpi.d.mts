// Types of mpi.mjs for the tests of the trainer.

export interface Launcher {
  kind: "MPICH" | "Open MPI";
  program: string;
  env: Record<string, string>;
}
export function ensureMpi(): Promise<Launcher | { missing: string }>;
export function ensureOpenMpi(): Promise<Launcher | { missing: string }>;
export function launch(
  launcher: Launcher,
  ranks: number,
  command: readonly string[],
): { program: string; args: string[]; env: Record<string, string> };
export function handRanks(
  launcher: Launcher,
  ranks: number,
  command: readonly string[],
  options: { env: Record<string, string | undefined> },
): Promise<number>;
export class Banners {
  readonly banners: string;
  readonly explained: boolean;
  pass(text: string): string;
  rest(): string;
}
