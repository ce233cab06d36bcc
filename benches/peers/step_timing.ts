// How every training step is timed: the first one compiles and gives the numbers to compare, one warms, then five are
// taken, three where a step lasts longer than ten seconds.

import process from "node:process";

export interface StepTimes {
  /** Of the first step, before any update: the same weights and tokens for everybody. */
  loss: number;
  grad_norm: number;
  /** After one update: whether that was the same too. */
  second_loss: number;
  first_s: number;
  wall_s: number;
  cpu_s: number;
}

/** A step ends when its loss and gradient norm have been read. */
export async function medianStep(
  step: () => Promise<{ loss: number; grad_norm: number }>,
): Promise<StepTimes> {
  const began = performance.now();
  const { loss, grad_norm } = await step();
  const first_s = (performance.now() - began) / 1000;
  const second_loss = (await step()).loss;
  const wall: number[] = [];
  const cpu: number[] = [];
  while (wall.length < (wall[0]! > 10 ? 3 : 5)) {
    const start = performance.now();
    const used = process.cpuUsage();
    await step();
    const { user, system } = process.cpuUsage(used);
    wall.push((performance.now() - start) / 1000);
    cpu.push((user + system) / 1e6);
  }
  return { loss, grad_norm, second_loss, first_s, wall_s: median(wall), cpu_s: median(cpu) };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
