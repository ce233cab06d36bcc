// Sampling from a small random Llama (0.26 million parameters, the shape of stories260K): Dawn under Bun and
// Node, Deno's own WebGPU under Deno. The first generation compiles the kernels and is not timed.
// Arguments: how many completions run side by side, and how many tokens each.

import process from "node:process";
import { openGpu } from "#shared/engine/gpu/device.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { Generator } from "#shared/engine/generation/generate.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { report } from "../program.ts";

const [rows = 1, tokens = 64] = process.argv.slice(2).map(Number);

const config = parseConfig({
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  hidden_size: 64,
  intermediate_size: 172,
  num_hidden_layers: 5,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  vocab_size: 512,
  max_position_embeddings: 512,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
});

async function hostGpu(): Promise<GPU> {
  const native = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu; // Node 20 has no navigator
  return native ?? (await import("#shared/engine/hosts/dawn.ts")).dawn();
}

const gpu = await openGpu(await hostGpu());
const generator = new Generator(randomModel(gpu, config, 1), { rows });
const prompts = Math.max(1, rows / 8); // eight completions share a prompt, as in training
const requests = Array.from({ length: prompts }, (_, i) => ({
  prompt_ids: Array.from({ length: 16 }, (_, j) => (i * 31 + j * 7) % 512),
  samples: rows / prompts,
  key: [0, i] as const,
}));
const options = { max_tokens: tokens, temperature: 1, greedy: false, seed: 1, eos_ids: [] };
await generator.generate(requests, options);

await report("tokens", async () => {
  const ids = (await generator.generate(requests, options)).flat().map((completion) => completion.ids);
  return { work: ids.flat().length, result: JSON.stringify(ids) };
});
process.exit(0);
