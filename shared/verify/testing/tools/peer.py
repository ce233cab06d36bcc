"""Counts what Math-Verify decides on the rows of a case file, for the table of the README.

    pip install math-verify==0.9.0
    python shared/verify/testing/tools/peer.py ROWS.jsonl...

Rows are {gold, pred, expected}. A gold that is read neither as it is nor between dollar signs counts as unread.
"""

import json
import sys

from math_verify import parse, verify


def equal(gold, pred):
    golds = parse(gold) or parse(f"${gold}$")
    return bool(golds) and bool(verify(golds, parse(pred)))


for path in sys.argv[1:]:
    rows = [json.loads(line) for line in open(path) if line.strip()]
    rows = [row for row in rows if row.get("policy") is None]
    wrong_rewarded = right_refused = 0
    for row in rows:
        try:
            found = equal(row["gold"], row["pred"])
        except Exception:
            found = False
        wrong_rewarded += found and not row["expected"]
        right_refused += not found and bool(row["expected"])
    agreed = len(rows) - wrong_rewarded - right_refused
    print(f"{path}: {agreed} of {len(rows)} agree ({agreed / len(rows):.1%}), {wrong_rewarded} wrong rewarded, {right_refused} right refused")
