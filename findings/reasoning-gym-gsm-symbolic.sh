#!/usr/bin/env bash
# reasoning-gym 0.1.25, gsm_symbolic: in 4 of its 85 templates (25, 27, 84, 89) the worked solution ends in a float
# ("#### 40.0") while `answer` is "40", so that a comparison of the two as text fails on sound data. And its
# score_answer() takes the first number of an answer: a right solution that begins with a number of the question gets
# 0.01, a wrong one that begins with the result gets 1.
#
# studies/real-model/make_data.py compares the two as numbers and keeps `answer`; this project's verifier grades.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check reasoning-gym==0.1.25
"$folder/venv/bin/python" - <<'PYTHON'
from random import Random

from reasoning_gym.arithmetic.gsm_symbolic.gsm_symbolic import GSMSymbolicDataset, GSMSymbolicDatasetConfig, tasks_ok

dataset = GSMSymbolicDataset(GSMSymbolicDatasetConfig(seed=1, size=1))
differing = set()
for template in tasks_ok:
    for number in range(20):
        example = dataset.generators[template](Random(f"{template}/{number}"), 1.0)
        end = example["metadata"]["answer_cot"].rpartition("####")[2].strip()
        assert float(end) == float(example["answer"])
        if end != str(example["answer"]):
            differing.add(template)
            last = (end, example["answer"])
print(f"{len(tasks_ok)} templates, text differs in {sorted(differing)}, as in {last}")
assert len(tasks_ok) == 85 and differing == {25, 27, 84, 89}

entry = {"answer": "24"}
right = dataset.score_answer("Of 64 balls half are tennis balls, so the answer is 24", entry)
wrong = dataset.score_answer("24 balls? No: the answer is 7", entry)
print("right answer, number of the question first:", right, "- wrong answer, result first:", wrong)
assert (right, wrong) == (0.01, 1.0)
PYTHON
