// The source of batches that a recipe's `algorithm` and `loss_type` name.

import type { Loss } from "../ghpo/losses/types.ts";
import { LOSSES } from "../ghpo/losses/index.ts";
import { STRATEGIES, strategyNamed } from "../ghpo/strategies/index.ts";
import type { AnyStrategy } from "../ghpo/strategies/types.ts";
import { SUPERVISED } from "../run/train_recipe.ts";
import { demonstrationSource } from "./demonstrations.ts";
import { rolloutSource } from "./rollout_source.ts";
import type { RolloutSetting } from "./rollouts.ts";
import type { BatchSource } from "./batch_source.ts";

export function chooseSource(
  setting: RolloutSetting,
  strategies: readonly AnyStrategy[] = STRATEGIES,
  losses: readonly Loss[] = LOSSES,
): BatchSource {
  const { algorithm, loss: { loss_type } } = setting.recipe;
  const loss = losses.find(({ name }) => name === loss_type)!;
  if (algorithm === SUPERVISED) return demonstrationSource(setting, loss);
  return rolloutSource(setting, strategyNamed(algorithm, strategies)!, loss);
}
