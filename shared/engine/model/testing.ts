// The small random checkpoints that transformers wrote for the tests: see fixtures/make_fixtures.py.

export const MODEL_FIXTURES = [
  "llama",
  "llama2",
  "llama_biases",
  "mistral",
  "qwen2",
  "qwen2_yarn",
  "qwen3",
  "smollm2",
  "smollm3",
];

/** The directory of one of `MODEL_FIXTURES`. */
export const fixture = (name: string) => `${import.meta.dirname}/fixtures/${name}`;
