#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 reads `single_word` of an added token and matches it within words all the same; the Rust
# library (tokenizers 0.23.1) takes whole words alone. So "sword" becomes s + the token "word" in JavaScript.
#
# Seen: ids 18,26 in JavaScript, 18,22,14,17,3 in Python.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @huggingface/tokenizers@0.2.0
python3 -m venv venv
venv/bin/pip install --quiet tokenizers==0.23.1

cat > py.py <<'PY'
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers
letters = [chr(97 + i) for i in range(26)]
made = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
made.pre_tokenizer = pre_tokenizers.Whitespace()
made.add_tokens([AddedToken("word", single_word=True, normalized=False)])
made.save("tokenizer.json")
print(",".join(map(str, made.encode("sword").ids)))
assert made.encode("a word").ids == [0, 26]
PY
cat > js.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
const made = new Tokenizer(JSON.parse(readFileSync("tokenizer.json", "utf8")), {});
console.log(made.encode("sword", { add_special_tokens: false }).ids.join(","));
JS
py=$(venv/bin/python py.py)
js=$(node js.mjs)
echo "JavaScript: $js"
echo "Python:     $py"
test "$js" = "18,26"
test "$py" = "18,22,14,17,3"
