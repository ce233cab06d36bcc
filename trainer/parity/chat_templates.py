# python chat_templates.py NAME=DIRECTORY...
# Writes what transformers renders of a few chats into fixtures/chat_templates.json, for chat_templates.test.ts; each
# DIRECTORY holds a model's tokenizer. Needs transformers; nothing of the project imports this. Made with version 5.23:
#   python chat_templates.py qwen2_5=.cache/qwen2_5-tokenizer qwen3=.cache/qwen3-tokenizer \
#     llama3=.cache/llama3-tokenizer smollm2=models/SmolLM2-135M-Instruct

import json
import pathlib
import sys

from transformers import AutoTokenizer

CHATS = [
    [{"role": "user", "content": "What is 1+1?"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "  Hi \n there  "}],
    [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "<think>\nx\n</think>\n\nb"},
        {"role": "user", "content": "d"},
    ],
    # Reasoning and answer that begin and end with spaces: what a template strips must be what it names.
    [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "<think>\n  x  \n\n</think>\n\n    b  \n"},
        {"role": "user", "content": "d"},
        {"role": "assistant", "content": "<think>\n  y \n</think>\n  c"},
    ],
    [{"role": "user", "content": "ünïcode 数学 \\boxed{1} {{ x }} {% y %}"}],
]

out = {}
for name, directory in (argument.split("=") for argument in sys.argv[1:]):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    out[name] = []
    for messages in CHATS:
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        out[name].append({"messages": messages, "text": text, "ids": ids})
path = pathlib.Path(__file__).parent / "fixtures/chat_templates.json"
path.write_text(json.dumps(out, ensure_ascii=False) + "\n")
