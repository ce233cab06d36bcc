#!/usr/bin/env bash
# transformers 5.24.0 and tokens that stand beside tokenizer.json, in added_tokens_decoder of tokenizer_config.json:
# - a token that tokenizer.json does not have gets the next free id and not the one under which it is listed;
# - of a token that both have, the flags of tokenizer_config.json hold: lstrip and rstrip there take the spaces around it
#   away, which changes the ids of texts.
# - beside added_tokens_decoder, even an empty one, added_tokens.json and special_tokens_map.json are not read.
#
# Seen: id 4 in place of 300; [1, 3, 1] in place of [1, 2, 3, 2, 1]; no token from added_tokens.json.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile transformers==5.24.0
cat > run.py <<'PY'
import json, os
from transformers import AutoTokenizer

FLAGS = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
END = dict(content="<e>", special=True, **FLAGS)
TOKENIZER = {
    "version": "1.0", "added_tokens": [dict(id=3, **END)], "normalizer": None, "pre_tokenizer": None, "post_processor": None,
    "decoder": None, "model": {"type": "BPE", "unk_token": "?", "vocab": {"?": 0, "a": 1, " ": 2}, "merges": []},
}

def read(folder, config, **files):
    os.makedirs(folder, exist_ok=True)
    files = {"tokenizer": TOKENIZER, "tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast", **config}, **files}
    for name, content in files.items():
        json.dump(content, open(f"{folder}/{name}.json", "w"))
    return AutoTokenizer.from_pretrained(folder)

think = dict(content="<t>", special=False, **FLAGS)
listed = read("a", {"added_tokens_decoder": {"3": END, "300": think}}).convert_tokens_to_ids("<t>")
print("id of the token listed as 300:", listed)
assert listed == 4
plain = read("b", {}).encode("a <e> a")
strip = read("c", {"added_tokens_decoder": {"3": {**END, "lstrip": True, "rstrip": True}}}).encode("a <e> a")
print("flags of tokenizer.json:", plain, "- with others in tokenizer_config.json:", strip)
assert plain == [1, 2, 3, 2, 1] and strip == [1, 3, 1]
alone = read("d", {}, added_tokens={"<t>": 4}).get_added_vocab()
beside = read("e", {"added_tokens_decoder": {}}, added_tokens={"<t>": 4}).get_added_vocab()
print("added_tokens.json alone:", alone, "- beside an empty added_tokens_decoder:", beside)
assert "<t>" in alone and "<t>" not in beside
PY
venv/bin/python run.py 2> /dev/null
