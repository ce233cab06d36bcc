export interface Shape {
  name: string;
  kind: "NN" | "NT" | "TN";
  rows: number;
  cols: number;
  inner: number;
}
export const SHAPES: Shape[];
export function operands(rows: number, cols: number, inner: number): { x: Float32Array; w: Float32Array };
export interface Time {
  wall_s: number;
  cpu_s: number;
}
export function timed(
  once: () => void,
  sync: () => Promise<unknown>,
  repeats?: { calls?: number; samples?: number },
): Promise<Time>;
