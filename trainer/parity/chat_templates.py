# python chat_templates.py DIRECTORY...
# Writes what transformers renders of a few chats into chat_reference.json of each tokenizer directory, for
# chat_templates.ts. Needs transformers; nothing of the project imports this.

import json
import os
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
    [{"role": "user", "content": "ünïcode 数学 \\boxed{1} {{ x }} {% y %}"}],
]

for directory in sys.argv[1:]:
    tokenizer = AutoTokenizer.from_pretrained(directory)
    rows = []
    for messages in CHATS:
        text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        rows.append({"messages": messages, "text": text, "ids": ids})
    with open(os.path.join(directory, "chat_reference.json"), "w") as file:
        json.dump(rows, file)
