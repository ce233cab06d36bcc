import assert from "node:assert/strict";
import { it } from "node:test";
import { replayStudy, studies } from "./studies.ts";

it("no rule fires in the 330 sound runs of the committed studies", () => {
  const replayed = studies().map(replayStudy);
  assert.equal(replayed.reduce((sum, { runs }) => sum + runs, 0), 330);
  assert.deepEqual(replayed.flatMap(({ fired }) => fired), []);
});
