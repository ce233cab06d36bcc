// The losses that a recipe may name, in the order in which errors name them. A new one is a file and a line here. All
// are cross-checked against TRL's GRPOTrainer._compute_loss by ../fixtures/objective.py.

import { bnpo } from "./bnpo.ts";
import { cispo } from "./cispo.ts";
import { dapo } from "./dapo.ts";
import { drGrpo } from "./dr_grpo.ts";
import { grpo } from "./grpo.ts";
import { gspo } from "./gspo.ts";

export const LOSSES = [grpo, drGrpo, dapo, bnpo, cispo, gspo] as const;
