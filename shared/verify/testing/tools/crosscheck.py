"""Cross-checks generated pairs with sympy: every pair is parsed by latex2sympy and evaluated to 50 digits.

    bun shared/verify/testing/tools/print_pairs.ts 700 5 > /tmp/pairs.jsonl
    python shared/verify/testing/tools/crosscheck.py /tmp/pairs.jsonl 500
"""

import json
import sys

from latex2sympy2_extended import latex2sympy
from sympy import Rational, Symbol, re

POINTS = [(Rational(7, 9), Rational(19, 10)), (Rational(-2, 3), Rational(7, 5)), (Rational(9, 4), Rational(-6, 5))]


def same(a, b):
    """True or False where both are defined at a point at least, else None."""
    left, right = latex2sympy(a), latex2sympy(b)
    verdict = None
    for x, y in POINTS:
        values = [side.subs({Symbol("x"): x, Symbol("y"): y}).evalf(50) for side in (left, right)]
        if not all(value.is_number and value.is_finite for value in values):
            continue
        distance = abs(values[0] - values[1])
        if distance > Rational(1, 10**30) * (1 + abs(values[0])):
            return False
        verdict = True
    return verdict


rows = [json.loads(line) for line in open(sys.argv[1])]
checked = unread = wrong = 0
for row in [row for row in rows if row["kind"] == "scalar"]:
    if checked == int(sys.argv[2]):
        break
    try:
        verdict = same(row["a"], row["b"])
    except Exception:
        verdict = None
    if verdict is None:
        unread += 1
        continue
    checked += 1
    if verdict != row["equal"]:
        wrong += 1
        print(row)
print(f"{checked} checked, {wrong} wrong, {unread} not read by latex2sympy")
sys.exit(wrong > 0)
