"""Shows that transformers loads what this project writes, and computes the same from it.

    pip install torch transformers && python trainer/parity/load_back.py     (bun on the PATH, a GPU adapter)

Copies of the small checkpoints (f32, bf16, sharded) must load without a missing or unexpected tensor and give the
logits of their reference.json; the shipped base must give the ids of `ghpo generate` through its own tokenizer,
chat template and generation_config.json.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

ROOT = Path(__file__).parents[2]
BASE = ROOT / "trainer/recipes/tiny-base"
BOUND = {"f32": 1e-5, "shards": 1e-5, "bf16": 0.25}  # logits of weights with 8 significant bits


def load(folder):
    model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    assert not any(info.values()), f"{folder}: {info}"
    return model.eval()


def bun(*arguments):
    return subprocess.run(["bun", *map(str, arguments)], cwd=ROOT, check=True, capture_output=True, text=True).stdout


with tempfile.TemporaryDirectory() as folder, torch.no_grad():
    bun("trainer/parity/save_copies.ts", folder)
    for copy in sorted(Path(folder).iterdir()):
        name, form = copy.name.rsplit("-", 1)
        model = load(copy)
        reference = json.loads((ROOT / f"shared/engine/model/fixtures/{name}/reference.json").read_text())
        error = 0.0
        for sequence in reference["sequences"]:
            logits = model(torch.tensor([sequence["ids"]])).logits[0].flatten()
            error = max(error, (logits - torch.tensor(sequence["logits"])).abs().max().item())
        assert error <= BOUND[form], f"{copy.name}: largest error of a logit is {error}"
        print(f"{copy.name}: largest error of a logit {error:.1e}")

    model, tokenizer = load(BASE), AutoTokenizer.from_pretrained(BASE)
    for question in ["Compute 4+5-2", "Compute 14+5-2+9", "Compute 8+7-3+9-6"]:
        chat = [{"role": "user", "content": question}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        theirs = model.generate(**prompt, max_new_tokens=64, do_sample=False)[0, prompt["input_ids"].shape[1] :].tolist()
        flags = ["--prompt", question, "--max-tokens", 64, "--greedy", "--json"]
        ours = json.loads(bun("trainer/main.ts", "generate", "--model", BASE, *flags))
        assert theirs == ours["ids"], f"{question}: {theirs} and {ours['ids']}"
        assert tokenizer.decode(theirs, skip_special_tokens=True) == ours["text"]
        print(f"{question}: {ours['text']}")
