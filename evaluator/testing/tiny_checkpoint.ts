// A checkpoint of the tiny architecture with random weights, made on the spot: its answers are noise, but it
// takes the whole path from files to text.

import { openGpu } from "#shared/engine/gpu/device.ts";
import { parseConfig } from "#shared/engine/model/config.ts";
import { randomModel } from "#shared/engine/model/initialise.ts";
import { saveModel } from "#shared/engine/model/save.ts";
import { TINY_VOCABULARY, tinyTokenizerFiles } from "#shared/text/tiny_tokenizer.ts";

const CONTEXT = 96;

/** Writes the checkpoint into a new temporary directory and returns its path. */
export async function makeTinyCheckpoint(seed: number): Promise<string> {
  const directory = Deno.makeTempDirSync();
  const config = parseConfig({
    model_type: "llama",
    hidden_size: 32,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 48,
    vocab_size: TINY_VOCABULARY.length,
    tie_word_embeddings: true,
    max_position_embeddings: CONTEXT,
    eos_token_id: 1,
  });
  const gpu = await openGpu(navigator.gpu);
  const model = randomModel(gpu, config, seed);
  await saveModel(model, directory);
  model.destroy();
  gpu.close();
  const files = tinyTokenizerFiles(CONTEXT);
  Deno.writeTextFileSync(`${directory}/tokenizer.json`, JSON.stringify(files.tokenizer));
  Deno.writeTextFileSync(`${directory}/tokenizer_config.json`, JSON.stringify(files.config));
  return directory;
}
