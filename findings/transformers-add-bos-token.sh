#!/usr/bin/env bash
# transformers 5.24.0: add_bos_token in tokenizer_config.json has no effect where a tokenizer.json is there. Its
# post-processor alone decides: "add_bos_token": false does not take its beginning-of-sequence token away, and true adds
# none where it has none.
#
# Seen: the token with false, none with true.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile transformers==5.24.0
cat > run.py <<'PY'
import json, os
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer

def ids(post_processor, add_bos_token):
    made = Tokenizer(models.WordLevel({"<s>": 0, "a": 1, "<unk>": 2}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["<s>"])
    if post_processor:
        made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    os.makedirs("model", exist_ok=True)
    made.save("model/tokenizer.json")
    config = {"tokenizer_class": "LlamaTokenizerFast", "bos_token": "<s>", "add_bos_token": add_bos_token}
    json.dump(config, open("model/tokenizer_config.json", "w"))
    return AutoTokenizer.from_pretrained("model")("a")["input_ids"]

print("post-processor, add_bos_token false:", ids(True, False))
print("no post-processor, add_bos_token true:", ids(False, True))
assert ids(True, False) == [0, 1] and ids(True, True) == [0, 1]
assert ids(False, True) == [1] and ids(False, False) == [1]
PY
venv/bin/python run.py 2> /dev/null
