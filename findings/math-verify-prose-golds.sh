#!/usr/bin/env bash
# Math-Verify 0.9.0 reads a gold in prose as the number in it ("All multiples of 7" is 7, "February 3rd" is 3), and drops the
# words around a number on the other side: "not 5", "at least 5" and "5 million" equal 5, "60 km/h" equals "60 mph", and a
# congruence equals one with another modulus. An interval (-1,3) equals "x=-1, x=3", and f'(x) = 3 equals f(x) = 3. As a
# reward each of these pays for a wrong answer; none is undecided or an error.
#
# Seen: [7, '7'], [3, '3'], and True seven times.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check math-verify==0.9.0
cat > ask.py <<'PY'
from math_verify import parse, verify

print(parse("All multiples of 7"), parse("February 3rd"))
pairs = [
    ("5", "The answer is not 5."),
    ("5", "The answer is at least 5."),
    ("5", r"\boxed{5 \text{ million}}"),
    (r"$60 \text{ mph}$", r"\boxed{60 \text{ km/h}}"),
    (r"$x \equiv 3 \pmod{7}$", r"\boxed{x \equiv 3 \pmod{5}}"),
    ("$(-1,3)$", r"\boxed{x=-1, x=3}"),
    ("$f'(x) = 3$", r"\boxed{f(x) = 3}"),
]
for gold, completion in pairs:
    print(verify(parse(gold), parse(completion)))
PY
python/bin/python ask.py 2>/dev/null | tee seen
diff seen - <<'SEEN'
[7, '7'] [3, '3']
True
True
True
True
True
True
True
SEEN
