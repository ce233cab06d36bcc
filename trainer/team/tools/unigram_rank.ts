// The short run of faults/harness.ts as one rank of several, of which one goes wrong.
//   mpirun -n 4 bun trainer/team/tools/unigram_rank.ts RUN [--rank R] [--fault NAME] [--deadline SECONDS] [--resume]

import { parseArgs } from "node:util";
import { unigramRun } from "../../faults/harness.ts";
import { UnigramPolicy } from "../../loop/testing.ts";
import { inTeam } from "../join.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rank: { type: "string", default: "1" },
    fault: { type: "string", default: "none" },
    deadline: { type: "string", default: "60" },
    resume: { type: "boolean", default: false },
  },
});

await inTeam(Number(values.deadline), async (team) => {
  let updates = 0;
  const odd = team.rank === Number(values.rank);
  const FAULTS: Record<string, () => void> = {
    none: () => {},
    // The fifth update finds weights that are ruined, on this rank alone.
    nan: () => policy.logits.fill(NaN),
    drift: () => policy.logits[3]! += 1e-6,
    exit: () => process.exit(0),
    throw: () => {
      throw new RangeError("Cannot sample as the pool is empty");
    },
    hang: () => {
      for (;;);
    },
  };
  const fault = () => {
    console.error(`fault at ${Date.now()}`);
    FAULTS[values.fault]!();
  };
  const policy: UnigramPolicy = new UnigramPolicy((call) => {
    if (odd && call === "step" && ++updates === 5) fault();
  });
  const result = await unigramRun(positionals[0]!, policy, values.resume, undefined, team);
  if (team.first) console.log(JSON.stringify(result));
});
