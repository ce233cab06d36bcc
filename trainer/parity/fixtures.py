"""Writes fixtures/: batches for the checkpoints of shared/engine/model/fixtures, and what PyTorch makes of them.

Run: python fixtures.py [NAME ...]    (made with torch 2.13.0 and transformers 5.23.0, the last three with 5.24.0; takes about 10 s)

Every sequence goes through transformers by itself, without padding and without packing. The GRPO loss is written
out below (arXiv 2402.03300 eq. 3 with the k3 estimator of the KL), its gradients come from autograd in float64.
"""
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent / "fixtures"
MODELS = pathlib.Path(__file__).parents[2] / "shared/engine/model/fixtures"
PROMPTS = [5, 5, 1, 9, 3, 30]
COMPLETIONS = [7, 12, 17, 1, 5, 21]
ADVANTAGES = [1.3, -0.7, 0.9, -1.5, 0.0, 2.2]
EPSILON, EPSILON_HIGH = 0.2, 0.28
MAX_NORM, STEPS, PEAK, WARMUP = 0.5, 10, 3e-4, 3
ADAMW = dict(betas=(0.9, 0.98), eps=1e-8)
WEIGHT_DECAY = 0.1


def learning_rate(step):
    """Linear warm-up, then a cosine to zero; the step counts from 0."""
    if step < WARMUP:
        return PEAK * (step + 1) / WARMUP
    return PEAK * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))


def log_probs(model, case):
    """Log-probs of the completion tokens, one tensor a sequence."""
    result = []
    for ids, prompt in zip(case["ids"], PROMPTS):
        logits = model(torch.tensor([ids])).logits[0, prompt - 1:-1] / case["temperature"]
        targets = torch.tensor(ids[prompt:])
        result.append(torch.log_softmax(logits, -1).gather(-1, targets[:, None])[:, 0])
    return result


def grpo_loss(now, case):
    terms, low, high = [], 0, 0
    for i, advantage in enumerate(ADVANTAGES):
        old = torch.tensor(case["old_logprobs"][i], dtype=torch.float64)
        ratio = torch.exp(now[i] - old)
        clipped = torch.clamp(ratio, 1 - EPSILON, 1 + EPSILON_HIGH)
        loss = -torch.minimum(ratio * advantage, clipped * advantage)
        low += int(((ratio < 1 - EPSILON) & (advantage < 0)).sum())
        high += int(((ratio > 1 + EPSILON_HIGH) & (advantage > 0)).sum())
        if case["beta"] > 0:
            gap = torch.tensor(case["reference_logprobs"][i], dtype=torch.float64) - now[i]
            loss = loss + case["beta"] * (torch.exp(gap) - gap - 1)
        terms.append(loss.mean())
    return torch.stack(terms).mean(), low, high


def decayed(model):
    """Weight decay for matrices, none for norms and biases."""
    matrices = [p for p in model.parameters() if p.ndim == 2]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    return [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]


def make(name, seed):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(MODELS / name, dtype=torch.float64)
    (HERE / name).mkdir(parents=True, exist_ok=True)
    case = {
        "temperature": 0.8 if name == "llama" else 1.0,
        "beta": 0.04 if name == "qwen2" else 0.0,
        "prompt_lengths": PROMPTS,
        "ids": [torch.randint(3, 67, (p + c,)).tolist() for p, c in zip(PROMPTS, COMPLETIONS)],
        "advantages": ADVANTAGES, "epsilon": EPSILON, "epsilon_high": EPSILON_HIGH,
        "max_norm": MAX_NORM, "beta1": ADAMW["betas"][0], "beta2": ADAMW["betas"][1], "adam_epsilon": ADAMW["eps"],
        "weight_decay": WEIGHT_DECAY, "learning_rates": [learning_rate(step) for step in range(STEPS)],
    }
    with torch.no_grad():
        start = log_probs(model, case)
    moved = [[(x + 0.3 * torch.randn_like(x)).tolist() for x in start] for _ in range(2)]
    case["old_logprobs"], case["reference_logprobs"] = moved
    case["logprobs"] = [x.tolist() for x in start]

    optimizer = torch.optim.AdamW(decayed(model), lr=PEAK, **ADAMW)
    losses, norms = [], []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss, low, high = grpo_loss(log_probs(model, case), case)
        loss.backward()
        if step == 0:
            case["clipped"] = {"low": low, "high": high}
            gradients = {key: p.grad.float().contiguous() for key, p in model.named_parameters()}
            save_file(gradients, HERE / name / "gradients.safetensors")
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM).item())
        losses.append(loss.item())
        for group in optimizer.param_groups:
            group["lr"] = case["learning_rates"][step]
        optimizer.step()
    case["losses"], case["grad_norms"] = losses, norms
    (HERE / name / "case.json").write_text(json.dumps(case) + "\n")
    print(name, "clipped", case["clipped"], "losses", [round(x, 4) for x in losses], "norms", [round(x, 3) for x in norms])


if __name__ == "__main__":
    for seed, name in enumerate(["llama", "qwen2", "qwen3", "llama2", "mistral", "smollm2", "llama_biases", "qwen2_yarn", "smollm3"]):
        if not sys.argv[1:] or name in sys.argv[1:]:
            make(name, seed)
