// The short run of the tests as one rank of several.   mpirun -n 2 bun trainer/fleet/tools/short_rank.ts RUN STALENESS [URL]

import { inTeam } from "../../team/join.ts";
import { shortRun } from "../short_run.testing.ts";

const [path, staleness, url] = process.argv.slice(2);
await inTeam(60, (team) => shortRun(path!, { staleness: Number(staleness), url, team }));
