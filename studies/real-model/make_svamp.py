# python make_svamp.py SVAMP.json OUT
# SVAMP (Patel et al. 2021: 1,000 short word problems) as JSON Lines with the columns id, question, answer, solution;
# the solution is its equation, one calculation a line. Variants of one problem have neighbouring numbers, so the split
# is by number. Nothing it writes belongs into this repository.
#   svamp_cold.jsonl   the first 200
#   svamp_rl.jsonl     the next 500
#   svamp_sft.jsonl    those of them whose equation is a calculation
#   svamp_test.jsonl   the last 300
#   svamp_test.toml    those as a benchmark for `evaluate --benchmarks`: 4 samples a problem at temperature 1

import json
import os
import re
import sys

source, out = sys.argv[1:]
TASK = """\
name = "svamp_test"
files = ["svamp_test.jsonl"]
columns = { id = "id", text = "question", answer = "answer" }
system = "Solve the problem step by step, one calculation a line. End with #### and the answer."
prompt = "{question}"
grader = "gsm8k"
samples = 4
temperature = 1
max_tokens = 48
"""
STEP = re.compile(r"\(\s*(-?[\d.]+)\s*([-+*/])\s*(-?[\d.]+)\s*\)")


def plain(value):
    return str(int(value)) if value == int(value) else str(round(value, 6))


def solution(equation):
    """The innermost parentheses, from the left, one a line."""
    lines = []
    while step := STEP.search(equation):
        a, sign, b = float(step[1]), step[2], float(step[3])
        value = {"+": a + b, "-": a - b, "*": a * b, "/": a / b}[sign]
        lines.append(f"{plain(a)} {sign} {plain(b)} = {plain(value)}")
        equation = equation[: step.start()] + repr(value) + equation[step.end() :]
    return lines, float(equation)


os.makedirs(out, exist_ok=True)
rows = {"cold": [], "rl": [], "test": []}
with open(source) as file:
    problems = json.load(file)
for number, problem in enumerate(problems, 1):
    lines, value = solution(problem["Equation"])
    if abs(value - float(problem["Answer"])) > 1e-6:
        print("left out, as its equation does not give its answer:", problem["ID"])
        continue
    body = problem["Body"].strip()
    rows["cold" if number <= 200 else "rl" if number <= 700 else "test"].append({
        "id": f"svamp/{problem['ID']}",
        "question": (body if body.endswith((".", "?", "!", ",")) else body + ".") + " " + problem["Question"].strip(),
        "answer": plain(float(problem["Answer"])),
        "solution": "\n".join(lines),
    })
rows["sft"] = [row for row in rows["rl"] if row["solution"]]
for name, split in rows.items():
    with open(os.path.join(out, f"svamp_{name}.jsonl"), "w") as file:
        for row in split:
            file.write(json.dumps(row) + "\n")
    print(f"svamp_{name}.jsonl: {len(split)} problems")
with open(os.path.join(out, "svamp_test.toml"), "w") as file:
    file.write(TASK)
