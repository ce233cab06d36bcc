import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readJson } from "#shared/io/files.ts";
import { parseAdapterConfig } from "./peft_config.ts";

/** All keys that PEFT 0.21.2 writes, with its defaults. */
const written = readJson(
  `${import.meta.dirname}/../../../trainer/parity/fixtures/peft/adapter_config.json`,
) as object;

describe("parseAdapterConfig()", () => {
  it("takes what PEFT writes by default, and what only says how training began or went", () => {
    const { r, lora_alpha } = parseAdapterConfig(
      {
        ...written,
        init_lora_weights: "gaussian",
        lora_dropout: 0.1,
        peft_version: "0.9.0",
        unheard_of: null,
      },
      "x",
    );
    assert.deepEqual([r, lora_alpha], [4, 6]);
    assert.equal(parseAdapterConfig({ ...written, use_rslora: true }, "x").use_rslora, true);
    const old = { peft_type: "LORA", r: 8, lora_alpha: 16, target_modules: ["q_proj"], enable_lora: null };
    assert.deepEqual(parseAdapterConfig(old, "x").rank_pattern, {});
  });

  it("says in words which initialisations it takes", () =>
    assert.throws(
      () => parseAdapterConfig({ ...written, init_lora_weights: "pissa" }, "a.json"),
      /as init_lora_weights must be true, false, "gaussian", "eva" or "orthogonal", as .*: current value is "pissa"$/,
    ));

  const refused: Record<string, unknown>[] = [
    { peft_type: "IA3" },
    { task_type: "SEQ_CLS" },
    { bias: "lora_only" },
    ...["pissa", "pissa_niter_16", "olora", "corda", "lora_ga", "loftq", "mica"].map((init_lora_weights) => ({
      init_lora_weights,
    })),
    { use_dora: true },
    { use_qalora: true },
    { lora_bias: true },
    { alora_invocation_tokens: [13] },
    { arrow_config: { top_k: 3 } },
    { ensure_weight_tying: true },
    { exclude_modules: ["q_proj"] },
    { kasa_config: { beta: 1e-4 } },
    { layer_replication: [[0, 4]] },
    { layers_to_transform: 3 },
    { layers_pattern: "layers" },
    { modules_to_save: ["lm_head"] },
    { monteclora_config: { num_samples: 8 } },
    { target_modules: "all-linear" },
    { target_parameters: ["mlp.experts.gate_up_proj"] },
    { trainable_token_indices: [5] },
    { use_bdlora: { nblocks: 2 } },
    { velora_config: { num_groups: 2 } },
    { rank_pattern: { "(?P<name>x)": 4 } },
    { alpha_pattern: { "q_proj\\Z": 4 } },
    { alpha_pattern: { "(?i)Q_PROJ": 4 } },
    { a_key_of_tomorrow: 1 },
  ];
  for (const change of refused) {
    const [key] = Object.keys(change);
    it(`refuses ${JSON.stringify(change)} by name`, () => {
      const message = new RegExp(`^Cannot read x as ${key} must .*: current value is `);
      assert.throws(() => parseAdapterConfig({ ...written, ...change }, "x"), { name: "TypeError", message });
    });
  }

  const cases = `${process.env.GHPO_SHARED ?? `${import.meta.dirname}/../../../../shared`}/cases`;
  for (
    const [name, key] of [["peft_pissa", "init_lora_weights"], ["peft_alora", "alora_invocation_tokens"]]
  ) {
    const path = `${cases}/${name}/adapter_config.json`;
    it(`refuses ${name}`, { skip: existsSync(path) ? false : `${path} is absent` }, () => {
      assert.throws(() => parseAdapterConfig(readJson(path), path), new RegExp(key!));
    });
  }
});
