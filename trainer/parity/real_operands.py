"""What the matrix products of a real model multiply, for real_products.ts: activations, weights and gradients.

    python trainer/parity/real_operands.py MODEL OUT

needs torch==2.13.0 and transformers==5.24.0. MODEL is a folder with a model and its tokenizer. For the first, middle and
last layer, OUT gets x (32 tokens, inner) of gate_proj and down_proj, w (inner, 256 columns) and y (32 tokens, 256
columns), the gradient of a token's mean loss.
"""

import json
import os
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXT = """Natalia has 48 marbles. She gives half of them to her brother, and then buys 3 bags of 12 marbles each. How many
marbles has she now? She keeps 48 / 2 = 24 marbles. The bags hold 3 * 12 = 36 marbles. Together that is 24 + 36 = 60."""
ROWS, COLS = 32, 256


def main() -> None:
    folder, out = sys.argv[1:]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt").input_ids
    seen = {}
    layers = model.model.layers
    for number in (0, len(layers) // 2, len(layers) - 1):
        for name in ("gate_proj", "down_proj"):
            module = getattr(layers[number].mlp, name)
            key = f"{number}.{name}"
            seen[key] = {"w": module.weight.detach().T}
            module.register_forward_hook(lambda _m, args, _o, key=key: seen[key].update(x=args[0].detach()[0]))
            module.register_full_backward_hook(lambda _m, _i, grads, key=key: seen[key].update(y=grads[0].detach()[0]))
    model(ids, labels=ids).loss.backward()
    os.makedirs(out, exist_ok=True)
    index = []
    for key, found in seen.items():
        x, w, y = found["x"][:ROWS], found["w"][:, :COLS], found["y"][:ROWS, :COLS]
        index.append({"name": key, "rows": x.shape[0], "cols": w.shape[1], "inner": x.shape[1]})
        for name, tensor in (("x", x), ("w", w), ("y", y)):
            tensor.contiguous().numpy().tofile(os.path.join(out, f"{key}.{name}.f32"))
    with open(os.path.join(out, "index.json"), "w") as file:
        json.dump(index, file)


main()
