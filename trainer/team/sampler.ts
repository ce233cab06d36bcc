// A sampler whose requests are dealt over the ranks. The completions are those of one rank alone: random numbers belong
// to the request.

import type { Sample, Sampler } from "../learner/policy.ts";
import type { Team } from "./team.ts";

export function sharedSampler(team: Team, sampler: Sampler): Sampler {
  if (team.size === 1) return sampler;
  return {
    generate: (requests, options) =>
      team.share("the sampling", requests, async (own) => {
        const answers = await sampler.generate([...own], options);
        return answers.map((samples) => samples.map(ownArrays));
      }),
  };
}

/** Without the larger buffers that a view would take along. */
function ownArrays({ ids, logprobs, finish_reason }: Sample): Sample {
  return { ids: Uint32Array.from(ids), logprobs: Float64Array.from(logprobs), finish_reason };
}
