# python convert_gguf.py MODEL.gguf OUT
# A GGUF model as a Hugging Face directory in f32, and what transformers computes with it (reference.json), for
# real_model.ts. Needs transformers, torch and gguf; nothing of the project imports this.

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

source, out = sys.argv[1:3]
folder, name = os.path.split(os.path.abspath(source))
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
loaded = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
# transformers refuses to save a model that it marked as quantized, so a plain one takes the dequantized weights.
if hasattr(loaded.config, "quantization_config"):
    del loaded.config.quantization_config
model = AutoModelForCausalLM.from_config(loaded.config, dtype=torch.float32).eval()
model.load_state_dict(loaded.state_dict())
model.save_pretrained(out)
tokenizer.save_pretrained(out)

QUESTIONS = [
    "What is 17 + 25?",
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May. "
    "How many clips did Natalia sell altogether in April and May?",
    "Write one sentence about the sea.",
]
ANSWERS = [
    "17 + 25 = 42, so the answer is 42.",
    "In May she sold 48 / 2 = 24 clips.\nAltogether: 48 + 24 = 72.\n#### 72",
    "The sea was calm and blue, and its waves whispered to the shore.",
]

rows = []
with torch.no_grad():
    for question, answer in zip(QUESTIONS, ANSWERS):
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, tokenize=False
        )
        prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids = prompt_ids + tokenizer(answer, add_special_tokens=False)["input_ids"]
        logits = model(torch.tensor([ids])).logits[0]
        scores = torch.log_softmax(logits.double(), -1)
        logprobs = [scores[t - 1, ids[t]].item() for t in range(len(prompt_ids), len(ids))]
        greedy, margins, sequence = [], [], list(prompt_ids)
        cache = None
        step = torch.tensor([sequence])
        for _ in range(64):
            result = model(step, past_key_values=cache, use_cache=True)
            cache = result.past_key_values
            top = torch.topk(result.logits[0, -1].double(), 2)
            greedy.append(top.indices[0].item())
            margins.append((top.values[0] - top.values[1]).item())
            step = torch.tensor([[greedy[-1]]])
        rows.append({
            "prompt": prompt, "prompt_ids": prompt_ids, "ids": ids, "logprobs": logprobs,
            "greedy": greedy, "margins": margins,
        })
with open(os.path.join(out, "reference.json"), "w") as file:
    json.dump(rows, file)
