# python score.py MODEL BASE ADAPTER < sequences.json > scores.json
# Log-probs of completions by transformers under MODEL, and by peft under BASE with ADAPTER, for real_model.ts. Reads
# [{"prompt_ids": [...], "ids": [...]}], prints {"merged": [[...]], "adapter": [[...]]}.

import json
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

directory, base, adapter = sys.argv[1:4]
sequences = json.load(sys.stdin)


def scores(model):
    result = []
    with torch.no_grad():
        for row in sequences:
            start, ids = len(row["prompt_ids"]), row["prompt_ids"] + row["ids"]
            logits = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
            result.append([logits[t - 1, ids[t]].item() for t in range(start, len(ids))])
    return result


def load(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


merged = scores(load(directory))
json.dump({"merged": merged, "adapter": scores(PeftModel.from_pretrained(load(base), adapter).eval())}, sys.stdout)
