// A GPU device can be lost at any moment: a driver reset, a laptop's lid, a crash elsewhere. The run then opens a new
// one and resumes from its newest checkpoint, which gives the same numbers as if nothing had happened.

import { DeviceLostError } from "#shared/engine/gpu/device.ts";

/** Losses of one process after which a person should look. */
const MOST_LOSSES = 10;

/**
 * Opens a policy and runs it, again with `resume` after each loss of the device.
 * @throws what `run` throws otherwise, and the tenth loss
 */
export async function withDevice<P extends { close(): void }, R>(
  open: () => Promise<P>,
  run: (policy: P, resume: boolean) => Promise<R>,
  options: { resume: boolean; onLost: (error: DeviceLostError) => void },
): Promise<R> {
  let { resume } = options;
  for (let losses = 0;;) {
    const policy = await open();
    try {
      return await run(policy, resume);
    } catch (error) {
      if (!(error instanceof DeviceLostError) || ++losses === MOST_LOSSES) throw error;
      options.onLost(error);
      resume = true;
    } finally {
      policy.close();
    }
  }
}
