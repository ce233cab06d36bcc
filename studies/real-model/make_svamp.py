# python make_svamp.py SVAMP.json OUT
# SVAMP (Patel et al. 2021: 1,000 short word problems) as JSON Lines with the columns id, question, answer, solution;
# the solution is its equation, one calculation a line. Nothing it writes belongs into this repository.
#   svamp_cold.jsonl   the first 200
#   svamp_rl.jsonl     the next 500
#   svamp_sft.jsonl    those of them whose equation is a calculation
#   svamp_test.jsonl   the last 300
#   svamp_test.toml    those as a benchmark for `evaluate --benchmarks`: 4 samples a problem at temperature 1
#   story_*            the same of another split: no story of story_test is in the others
# SVAMP was made from 100 problems by changing numbers, questions and what is told, and variants of one are all over the
# file. A story is what is connected by pairs that share two fifths of their content words: that finds 97.

import json
import os
import random
import re
import sys
from itertools import combinations

source, out = sys.argv[1:]
TASK = """\
name = "NAME"
files = ["NAME.jsonl"]
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


FUNCTION_WORDS = set(
    "a about after again all altogether also an and any are as at be been before but by can could did do does down each either "
    "every few fewer first for from get got had has have he her hers him his how if in into is it its just last left less made "
    "make many more most much neither new next no nor not now of off old on one only or other our out over own same she some "
    "still than that the their them then there these they this those to together too total two under up was we were what when "
    "where which while who whose will with would you your".split()
)


def content_words(text):
    words = {word for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in FUNCTION_WORDS}
    return {word.removesuffix("s") for word in words}


def stories(texts):
    """The number of each text's story: texts of which chains of similar pairs lead to each other have the same."""
    words = [content_words(text) for text in texts]
    story = list(range(len(texts)))
    for a, b in combinations(range(len(texts)), 2):
        if 5 * len(words[a] & words[b]) >= 2 * len(words[a] | words[b]) and story[a] != story[b]:
            old, new = story[b], story[a]
            story = [new if number == old else number for number in story]
    return story


def write(name, split):
    with open(os.path.join(out, f"{name}.jsonl"), "w") as file:
        for row in split:
            file.write(json.dumps(row) + "\n")
    print(f"{name}.jsonl: {len(split)} problems of {len({row['story'] for row in split})} stories")


def write_split(prefix, cold, training, test):
    write(f"{prefix}_cold", cold)
    write(f"{prefix}_rl", training)
    write(f"{prefix}_sft", [row for row in training if row["solution"]])
    write(f"{prefix}_test", test)
    with open(os.path.join(out, f"{prefix}_test.toml"), "w") as file:
        file.write(TASK.replace("NAME", f"{prefix}_test"))
    trained = {row["story"] for row in cold + training}
    print(f"{prefix}: the story of {sum(row['story'] in trained for row in test)} tested problems is trained on")


os.makedirs(out, exist_ok=True)
rows, numbers = [], []
with open(source) as file:
    problems = json.load(file)
for number, problem in enumerate(problems, 1):
    lines, value = solution(problem["Equation"])
    if abs(value - float(problem["Answer"])) > 1e-6:
        print("left out, as its equation does not give its answer:", problem["ID"])
        continue
    body = problem["Body"].strip()
    numbers.append(number)
    rows.append({
        "id": f"svamp/{problem['ID']}",
        "question": (body if body.endswith((".", "?", "!", ",")) else body + ".") + " " + problem["Question"].strip(),
        "answer": plain(float(problem["Answer"])),
        "solution": "\n".join(lines),
    })
for row, story in zip(rows, stories([row["question"] for row in rows])):
    row["story"] = story

order = list(zip(numbers, rows))
write_split(
    "svamp",
    [row for number, row in order if number <= 200],
    [row for number, row in order if 200 < number <= 700],
    [row for number, row in order if 700 < number],
)
drawn = sorted({row["story"] for row in rows})
random.Random(1).shuffle(drawn)
unseen = set()
while sum(row["story"] in unseen for row in rows) < 300:
    unseen.add(drawn.pop())
trained = [row for row in rows if row["story"] not in unseen]
write_split("story", trained[:200], trained[200:], [row for row in rows if row["story"] in unseen])
