// Nothing: what a runtime costs before any work. The other benches subtract it.

import { report } from "../program.ts";

await report("runs", () => ({ work: 1, result: "" }));
