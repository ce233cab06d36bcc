// One decode step as the decoder sees it: decode_layers.ts and decode_program.ts are its two implementations.

export interface BlockOptions {
  /** Bound of all positions. */
  positions: number;
  temperature: number;
  greedy: boolean;
}

/** What a step reads and writes whatever computes it; see decode_step.wgsl. */
export interface StepBuffers {
  state: GPUBuffer;
  next: GPUBuffer;
  emitted: GPUBuffer;
  eos: GPUBuffer;
}

export interface StepOptions extends BlockOptions {
  rows: number;
  /** This step within its block of `block` steps. */
  step: number;
  block: number;
  eosCount: number;
}
