"""Writes fixtures/loss_types/: gradients of a model under every loss type, from TRL's own loss and torch autograd.

Run: python loss_types.py    (made with torch 2.13.0, transformers 5.23.0 and trl 1.16.0; takes about 10 s)

The model, the batch and the old log-probs (ratios away from 1) are those of fixtures/llama/case.json. "second iteration"
is the gradient after one AdamW step on the same batch, with the log-probs from before that step as the old ones.

groups.json and groups.safetensors are the same for completions of common prompts, plain and longer ones that begin alike.
"""
import json
import pathlib
from types import SimpleNamespace

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM
from trl.trainer.grpo_trainer import GRPOTrainer

torch.set_default_dtype(torch.float64)
HERE = pathlib.Path(__file__).parent / "fixtures"
MODEL = pathlib.Path(__file__).parents[2] / "shared/engine/model/fixtures/llama"
MAX_COMPLETION_LENGTH = 32
LEARNING_RATE = 1e-4
CASES = [
    dict(name="grpo", loss_type="grpo"),
    dict(name="bnpo", loss_type="bnpo"),
    dict(name="dapo, clip higher", loss_type="dapo", epsilon_high=0.28),
    dict(name="dr_grpo", loss_type="dr_grpo"),
    dict(name="cispo", loss_type="cispo", epsilon_high=1.1),
    dict(name="gspo", loss_type="gspo", epsilon=0.05),
    dict(name="grpo, KL k3", loss_type="grpo", beta=0.5),
    dict(name="grpo, second iteration", loss_type="grpo", epsilon=0.1),
]


class Accelerator:
    num_processes = 1

    def gather(self, x):
        return x

    def reduce(self, x, reduction):
        return x


def padded(rows):
    return torch.nn.utils.rnn.pad_sequence([torch.as_tensor(row) for row in rows], batch_first=True)


def log_probs(model, case):
    """(sequences, longest completion), 0 behind the end of each; every sequence goes through the model by itself."""
    rows = []
    for ids, prompt in zip(case["ids"], case["prompt_lengths"]):
        logits = model(torch.tensor([ids])).logits[0, prompt - 1:-1] / case["temperature"]
        rows.append(torch.log_softmax(logits, -1).gather(-1, torch.tensor(ids[prompt:])[:, None])[:, 0])
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def trl_loss(case, setting, now, old):
    metrics = {"train": {key: [] for key in METRICS}, "eval": {}}
    epsilon = setting.get("epsilon", 0.2)
    high = setting.get("epsilon_high")
    sequence = setting["loss_type"] == "gspo"
    lengths = torch.tensor([len(row) for row in case["old_logprobs"]])
    mask = (torch.arange(now.shape[1])[None] < lengths[:, None]).to(now.dtype)
    size = len(lengths)
    self = SimpleNamespace(
        loss_type="grpo" if sequence else setting["loss_type"],
        importance_sampling_level="sequence" if sequence else "token", beta=setting.get("beta", 0.0),
        epsilon_low=epsilon, epsilon_high=epsilon if high is None else high, top_entropy_quantile=1.0,
        off_policy_mask_threshold=None, use_vllm=False, vllm_importance_sampling_correction=False,
        aux_loss_enabled=False, _entropy_bonus_enabled=False, max_completion_length=MAX_COMPLETION_LENGTH,
        current_gradient_accumulation_steps=1, model=SimpleNamespace(training=True), accelerator=Accelerator(),
        _metrics=metrics, args=SimpleNamespace(delta=None, use_bias_correction_kl=False, steps_per_generation=1),
        _get_per_token_logps_and_entropies=lambda *a, **k: (now, torch.zeros_like(now), None),
    )
    return GRPOTrainer._compute_loss(self, None, {
        "prompt_ids": torch.zeros(size, 1, dtype=torch.long), "prompt_mask": torch.ones(size, 1),
        "completion_ids": torch.zeros_like(mask, dtype=torch.long), "completion_mask": mask,
        "advantages": torch.tensor(case["advantages"]), "old_per_token_logps": old,
        "ref_per_token_logps": padded(case["reference_logprobs"]), "num_items_in_batch": mask.sum(),
    })


def groups(model, like):
    """Two prompts of 14 and 20 tokens with 3 completions each, the longer one beginning with the shorter, and another."""
    draw = torch.Generator().manual_seed(3)
    tokens = lambda count: torch.randint(1, 64, (count,), generator=draw).tolist()
    plain, hint, other = tokens(14), tokens(6), tokens(11)
    prompts = [plain] * 3 + [plain + hint] * 3 + [other] * 2
    case = {**like, "prompt_lengths": [len(prompt) for prompt in prompts],
            "ids": [prompt + tokens(count) for prompt, count in zip(prompts, [5, 9, 2, 7, 1, 8, 6, 12])]}
    case["ids"][2] = case["ids"][1][:16] + tokens(3)  # two completions begin alike
    case["advantages"] = torch.randn(len(prompts), generator=draw).tolist()
    lengths = [len(ids) - prompt for ids, prompt in zip(case["ids"], case["prompt_lengths"])]
    now = log_probs(model, case).detach()
    for key, scale in [("old_logprobs", 0.3), ("reference_logprobs", 0.5)]:
        case[key] = [(row[:n] + scale * torch.randn(n, generator=draw)).tolist() for row, n in zip(now, lengths)]
    return case


METRICS = ["kl", "entropy", "clip_ratio/low_mean", "clip_ratio/low_min", "clip_ratio/high_mean",
           "clip_ratio/high_max", "clip_ratio/region_mean", "cispo_clip_ratio"]

def gradients_of(case):
    gradients, losses = {}, {}
    for setting in CASES:
        model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64)
        old = padded(case["old_logprobs"])
        if "second" in setting["name"]:
            old = log_probs(model, case).detach()
            optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(case["beta1"], case["beta2"]),
                                          eps=case["adam_epsilon"], weight_decay=0.0)
            trl_loss(case, setting, log_probs(model, case), old).backward()
            optimizer.step()
            optimizer.zero_grad()
        now = log_probs(model, case)
        loss = trl_loss(case, setting, now, old)
        loss.backward()
        losses[setting["name"]] = loss.item()
        for key, parameter in model.named_parameters():
            gradients[f"{setting['name']}/{key}"] = parameter.grad.float().contiguous()
        norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm().item()
        print(f"{setting['name']}: loss {loss.item():.4f}, gradient norm {norm:.3f}")
    return gradients, [{**setting, "loss": losses[setting["name"]]} for setting in CASES]


if __name__ == "__main__":
    case = json.loads((HERE / "llama/case.json").read_text())
    (HERE / "loss_types").mkdir(exist_ok=True)
    gradients, cases = gradients_of(case)
    save_file(gradients, HERE / "loss_types/gradients.safetensors")
    out = {"max_completion_length": MAX_COMPLETION_LENGTH, "learning_rate": LEARNING_RATE, "cases": cases}
    (HERE / "loss_types/cases.json").write_text(json.dumps(out) + "\n")
    shared = groups(AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float64), case)
    gradients, cases = gradients_of(shared)
    save_file(gradients, HERE / "loss_types/groups.safetensors")
    kept = ["temperature", "prompt_lengths", "ids", "advantages", "old_logprobs", "reference_logprobs", "beta1", "beta2",
            "adam_epsilon"]
    out = {"batch": {key: shared[key] for key in kept}, "cases": cases}
    (HERE / "loss_types/groups.json").write_text(json.dumps(out) + "\n")
