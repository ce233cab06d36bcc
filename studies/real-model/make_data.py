# python make_data.py OUT [--longest 220] [--broad 320] [--train 60] [--eval 18]
# GSM8K-like problems with worked solutions from reasoning-gym's gsm_symbolic (pip install reasoning-gym==0.1.25), as
# JSON Lines with the columns id, question, answer, solution, template. Templates whose worked solutions have at most
# --longest characters on average are kept; 17 of them are unseen: no problem of theirs is in train.jsonl. Nothing it
# writes belongs into this repository.
#   train.jsonl        seen templates, the shortest solutions first
#   cold_start.jsonl   the half of the seen templates with the shorter solutions
#   broad.jsonl        all templates but the unseen ones up to --broad characters, two thirds of the problems of each
#   eval_seen.jsonl    other instances of the seen templates
#   eval_unseen.jsonl  the unseen templates; both take the templates in turn, so that any first n are balanced

import argparse
import json
import os
from random import Random

from reasoning_gym.arithmetic.gsm_symbolic.gsm_symbolic import GSMSymbolicDataset, GSMSymbolicDatasetConfig, tasks_ok

UNSEEN = 17

options = argparse.ArgumentParser()
options.add_argument("out")
options.add_argument("--longest", type=int, default=220, help="mean characters of a template's solutions")
options.add_argument("--broad", type=int, default=320, help="the same for broad.jsonl")
options.add_argument("--train", type=int, default=60, help="training problems a template")
options.add_argument("--eval", type=int, default=18, help="evaluation problems a template")
arguments = options.parse_args()

generators = GSMSymbolicDataset(GSMSymbolicDatasetConfig(seed=1, size=1)).generators


def problems(template, split, count):
    """Distinct problems of a template: (template, split, number) seeds each, so that no split depends on another."""
    seen, rows = set(), []
    for number in range(20 * count):
        example = generators[template](Random(f"{template}/{split}/{number}"), 1.0)
        question = example["question"].strip()
        if question in seen:
            continue
        seen.add(question)
        solution, mark, answer = example["metadata"]["answer_cot"].rpartition("####")
        answer, given = str(example["answer"]).replace(",", ""), answer.strip().replace(",", "")
        assert mark and float(given) == float(answer), (template, number)  # "40.0" of some templates is 40
        rows.append({
            "id": f"gsm_symbolic/{template}/{split}/{number}",
            "question": question,
            "answer": answer,
            "solution": solution.rstrip(),
            "template": template,
        })
        if len(rows) == count:
            break
    return rows


def length(template):
    rows = problems(template, "length", 10)
    return sum(len(row["solution"]) for row in rows) / len(rows)


lengths = {template: length(template) for template in tasks_ok}
kept = [template for template in tasks_ok if lengths[template] <= arguments.longest]
unseen = sorted(Random(17).sample(kept, UNSEEN))
seen = sorted((template for template in kept if template not in unseen), key=lambda template: lengths[template])


def write(name, rows, exclude=()):
    taken = {row["question"] for row in exclude}
    rows = [row for row in rows if row["question"] not in taken]
    with open(os.path.join(arguments.out, name), "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")
    print(f"{name}: {len(rows)} problems of {len({row['template'] for row in rows})} templates")
    return rows


def in_turn(templates):
    columns = [problems(template, "eval", arguments.eval) for template in templates]
    return [column[i] for i in range(arguments.eval) for column in columns if i < len(column)]


os.makedirs(arguments.out, exist_ok=True)
train = write("train.jsonl", [row for template in seen for row in problems(template, "train", arguments.train)])
cold = set(seen[: len(seen) // 2])
write("cold_start.jsonl", [row for row in train if row["template"] in cold])
broad = [template for template in tasks_ok if lengths[template] <= arguments.broad and template not in unseen]
few = arguments.train * 2 // 3
write("broad.jsonl", [row for template in broad for row in problems(template, "train", few)])
write("eval_seen.jsonl", in_turn(seen), exclude=train)
write("eval_unseen.jsonl", in_turn(unseen))
print("unseen templates:", *unseen)
