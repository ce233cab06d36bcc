# Products and a training step of the same shapes with PyTorch, for benches/hardware.ts: reads a job as JSON, prints the
# seconds as JSON. Runs on the card that PyTorch sees, else on the CPU. TF32 is off: f32 is what is compared.

import json
import statistics
import sys
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

job = json.load(sys.stdin)
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = False
config = Qwen2Config(**{key: value for key, value in job["config"].items() if key != "model_type"})


def seconds(once, repeats=5):
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        once()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


products = []
qkv = config.hidden_size + 2 * config.num_key_value_heads * (config.hidden_size // config.num_attention_heads)
for cols, depth in [(qkv, config.hidden_size), (2 * config.intermediate_size, config.hidden_size),
                    (config.hidden_size, config.intermediate_size)]:
    x, w, y = (torch.randn(size, device=device) for size in [(1024, depth), (depth, cols), (1024, cols)])
    for kind, once in [("NN", lambda: x @ w), ("NT", lambda: y @ w.T), ("TN", lambda: x.T @ y)]:
        wall = seconds(once)
        products.append({"kind": kind, "cols": cols, "depth": depth, "wall_s": wall,
                         "gflops": 2e-9 * 1024 * cols * depth / wall})

prompts, prompt_tokens, samples, tokens = job["shape"]
model = Qwen2ForCausalLM(config).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, fused=device == "cuda")
ids = torch.randint(0, config.vocab_size, (prompts * samples, prompt_tokens + tokens), device=device)


def step():
    logits = model(ids, logits_to_keep=tokens + 1).logits[:, :-1]
    scores = torch.log_softmax(logits, -1).gather(-1, ids[:, -tokens:, None])
    (scores.sum() * 1e-3).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


card = torch.cuda.get_device_name() if device == "cuda" else "CPU"
print(json.dumps({"device": card, "torch": torch.__version__, "products": products,
                  "training_step_s": seconds(step, 3), "tokens": ids.numel()}))
