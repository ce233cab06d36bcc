// Files of problems of our own making, and models to try recipes on: four layouts, five namings of columns, solutions of
// one line, of steps, and none.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadConfig } from "#shared/engine/model/load.ts";
import { parameterLayouts } from "#shared/engine/model/weights.ts";
import { Random } from "#shared/problems/rng.ts";
import { syntheticProblems } from "#shared/problems/synthetic.ts";
import { writeSafetensors } from "#shared/io/safetensors_writer.ts";

/** Writes a model directory with weights of one number each: ASCII characters as tokens, and a template with a system turn. */
export function writeAsciiModel(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const characters = ["\n", ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
  const vocab = Object.fromEntries(["<unk>", "<eos>", ...characters].map((token, id) => [token, id]));
  writeFileSync(
    join(folder, "tokenizer.json"),
    JSON.stringify({
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: { type: "Fuse" },
      model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
    }),
  );
  writeFileSync(
    join(folder, "tokenizer_config.json"),
    JSON.stringify({
      unk_token: "<unk>",
      eos_token: "<eos>",
      chat_template: "{% for m in messages %}{{ m.content }}\n{% endfor %}",
    }),
  );
  writeFileSync(
    join(folder, "config.json"),
    JSON.stringify({
      model_type: "qwen2",
      architectures: ["Qwen2ForCausalLM"],
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      vocab_size: 2048,
      max_position_embeddings: 4096,
      rms_norm_eps: 1e-6,
      hidden_act: "silu",
      eos_token_id: 1,
    }),
  );
  const tensors = parameterLayouts(loadConfig(folder)).flatMap(({ sources }) => sources);
  writeSafetensors(
    join(folder, "model.safetensors"),
    tensors.map(({ name, shape }) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })),
  );
}

const ROWS = Array.from({ length: 60 }, (_, i) => {
  const [boxes, pens] = [i + 2, (7 * i) % 11 + 3];
  const all = boxes * pens;
  return {
    text: `Ann has ${boxes} boxes of ${pens} pens each and gives 4 away. How many has she left?`,
    steps: [
      `She has ${boxes} * ${pens} = ${all} pens.`,
      `She gives 4 away.`,
      `She keeps ${all} - 4 = ${all - 4}.`,
    ],
    answer: all - 4,
  };
});
export const lines = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const csv = (rows: Record<string, unknown>[]) =>
  [Object.keys(rows[0]!), ...rows.map((row) => Object.values(row))]
    .map((cells) => cells.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(",")).join("\n");

const notes = (steps: string[]) => steps.map((step) => step.replace(/= (\d+)/, "= <<1*1=$1>>$1")).join("\n");
export const own = <T>(make: (row: typeof ROWS[number], i: number) => T): T[] => ROWS.map(make);

/** Four layouts, five namings, solutions of one line, of steps, and none. */
export const FILES: Record<
  string,
  [content: string | Uint8Array, expected: Partial<Record<"text" | "answer" | "trace", string>>]
> = {
  "gsm8k.jsonl": [lines(own((r) => ({ question: r.text, answer: `${notes(r.steps)}\n#### ${r.answer}` }))), {
    text: "question",
    answer: "",
    trace: "answer",
  }],
  "math.jsonl": [
    lines(own((r) => ({
      problem: r.text,
      solution: `${r.steps.join(" ")} So it is $\\boxed{${r.answer}}$.`,
      answer: String(r.answer),
      level: `Level ${r.answer % 5 + 1}`,
    }))),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
  "numina.json": [
    JSON.stringify(
      own((r) => ({ source: "x", problem: r.text, solution: `${r.steps.join("\n")}\n\\boxed{${r.answer}}` })),
    ),
    { text: "problem", answer: "", trace: "solution" },
  ],
  "plain.csv": [csv(own((r) => ({ question: r.text, gold: r.answer, rationale: r.steps.join("\n") }))), {
    text: "question",
    answer: "gold",
    trace: "rationale",
  }],
  "alpaca.jsonl.gz": [
    gzipSync(lines(own((r) => ({ instruction: r.text, output: `${r.steps.join(" ")}\n#### ${r.answer}` })))),
    { text: "instruction", answer: "", trace: "output" },
  ],
  "verl.json": [
    JSON.stringify(own((r) => ({
      data_source: "own",
      prompt: [{ role: "user", content: r.text }],
      reward_model: { style: "rule", ground_truth: String(r.answer) },
    }))),
    { text: "prompt.0.content", answer: "reward_model.ground_truth", trace: "" },
  ],
  "one-line.jsonl": [
    lines(own((r) => ({ query: r.text, response: `${r.steps[2]}`, final_answer: r.answer }))),
    { text: "query", answer: "final_answer", trace: "response" },
  ],
  "untraced.tsv": [own((r) => `${r.text}\t${r.answer}`).join("\n").replace(/^/, "input\ttarget\n"), {
    text: "input",
    answer: "target",
    trace: "",
  }],
  "short-solution.csv": [csv(own((r) => ({ problem: r.text, solution: r.answer }))), {
    text: "problem",
    answer: "solution",
    trace: "",
  }],
  "tagged.jsonl": [
    lines(own((r) => ({
      Problem: r.text,
      Response: `<think>\n${r.steps.join("\n")}\n</think>\n<answer>\n${r.answer}\n</answer>`,
      "Ground Truth": r.answer,
    }))),
    { text: "Problem", answer: "Ground Truth", trace: "Response" },
  ],
  "odd-names.csv": [
    csv(own((r) => ({ nr: `n${r.answer}`, aufgabe: r.text, weg: r.steps.join("\n"), loesung: r.answer }))),
    {
      text: "aufgabe",
      trace: "weg",
    },
  ],
  "question-twice.json": [
    JSON.stringify(
      own((r) => ({ problem: r.text, url: "https://own.example/x", question: r.text, answer: r.answer })),
    ),
    { text: "problem", answer: "answer", trace: "" },
  ],
  "only-answers.jsonl": [lines(own((r) => ({ problem: r.text, solution: `$\\boxed{${r.answer}}$` }))), {
    text: "problem",
    answer: "",
    trace: "solution",
  }],
  "one-long.jsonl": [
    lines(
      own((r, i) => ({
        problem: i === 9 ? r.text.repeat(60) : r.text,
        solution: r.steps.join("\n"),
        answer: r.answer,
      })),
    ),
    { text: "problem", answer: "answer", trace: "solution" },
  ],
};

/** Rows of generated problems in the tiny model's few words. */
export function tinyRows(): string {
  const problems = syntheticProblems({
    families: ["chain", "linear"],
    levels: [2, 4],
    count: 60,
    seed: 3,
    split: "train",
  });
  return lines(
    problems.map(({ text, answer, trace }) => ({ problem: text, answer, solution: trace!.text })),
  );
}

const SHAPE = { hidden: 32, inner: 64, layers: 2, heads: 4, pairs: 2 };

/** Writes a Llama of random weights with a tokenizer of all bytes, which knows any text. */
export function writeByteModel(folder: string, vocab_size = 1024): void {
  mkdirSync(folder, { recursive: true });
  const save = (name: string, value: unknown) => writeFileSync(join(folder, name), JSON.stringify(value));
  const isPlain = (byte: number) => byte >= 33 && byte <= 126 || byte >= 161 && byte !== 173;
  let moved = 256;
  const bytes = [...Array(256).keys()].map((byte) => String.fromCodePoint(isPlain(byte) ? byte : moved++));
  const vocab = Object.fromEntries(bytes.map((token, id) => [token, id]));
  const end = { id: 256, content: "<|end|>", special: true };
  save("tokenizer.json", {
    added_tokens: [{ ...end, single_word: false, lstrip: false, rstrip: false, normalized: false }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: { type: "BPE", vocab, merges: [] },
  });
  save("tokenizer_config.json", {
    eos_token: end.content,
    chat_template: "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>\n{% endfor %}assistant: ",
  });
  const { hidden, inner, layers, heads, pairs } = SHAPE;
  save("config.json", {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: inner,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: pairs,
    vocab_size,
    max_position_embeddings: 4096,
    rms_norm_eps: 1e-6,
    rope_theta: 10000,
    hidden_act: "silu",
    tie_word_embeddings: true,
    bos_token_id: null,
    eos_token_id: end.id,
  });
  const random = new Random(1);
  const matrix = (name: string, rows: number, columns: number) => ({
    name: `model.${name}.weight`,
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, () => (random.real() - 0.5) / Math.sqrt(columns)),
  });
  const ones = (name: string) => ({
    name: `model.${name}.weight`,
    shape: [hidden],
    data: new Float32Array(hidden).fill(1),
  });
  const side = hidden * pairs / heads;
  const blocks = Array.from({ length: layers }, (_, i) => `layers.${i}`).flatMap((layer) => [
    ones(`${layer}.input_layernorm`),
    matrix(`${layer}.self_attn.q_proj`, hidden, hidden),
    matrix(`${layer}.self_attn.k_proj`, side, hidden),
    matrix(`${layer}.self_attn.v_proj`, side, hidden),
    matrix(`${layer}.self_attn.o_proj`, hidden, hidden),
    ones(`${layer}.post_attention_layernorm`),
    matrix(`${layer}.mlp.gate_proj`, inner, hidden),
    matrix(`${layer}.mlp.up_proj`, inner, hidden),
    matrix(`${layer}.mlp.down_proj`, hidden, inner),
  ]);
  writeSafetensors(join(folder, "model.safetensors"), [
    matrix("embed_tokens", vocab_size, hidden),
    ...blocks,
    ones("norm"),
  ]);
}
