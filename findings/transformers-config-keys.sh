#!/usr/bin/env bash
# transformers 5.24.0: two keys of config.json that take others with them.
# - rope_scaling beside rope_parameters replaces it as a whole: rope_theta in rope_parameters is then lost, and without a
#   top-level rope_theta the default of 10000 holds.
# - layer_types in a config of type mistral, even null, makes it one of type ministral; without the key it is mistral.
#
# Seen: theta 10000 in place of 500000, MinistralConfig in place of MistralConfig.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile transformers==5.24.0
cat > run.py <<'PY'
import json, os
from transformers import AutoConfig

def read(**config):
    os.makedirs("model", exist_ok=True)
    json.dump(config, open("model/config.json", "w"))
    return AutoConfig.from_pretrained("model")

five = {"rope_type": "default", "rope_theta": 500000.0}
alone = read(model_type="llama", rope_parameters=dict(five)).rope_parameters
both = read(model_type="llama", rope_parameters=dict(five), rope_scaling={"rope_type": "linear", "factor": 2.0}).rope_parameters
print("rope_parameters alone:", alone)
print("with rope_scaling:    ", both)
assert alone["rope_theta"] == 500000.0 and both["rope_theta"] == 10000.0
without, null = read(model_type="mistral"), read(model_type="mistral", layer_types=None)
print("without layer_types:", type(without).__name__, "- with null:", type(null).__name__)
assert type(without).__name__ == "MistralConfig" and type(null).__name__ == "MinistralConfig"
PY
venv/bin/python run.py 2> /dev/null
