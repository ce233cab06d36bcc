#!/usr/bin/env bash
# @huggingface/jinja 0.5.11: what {% set %} assigns in a pass of a loop is still there in the next pass, and a macro sees
# the variables of whoever calls it. In Jinja2 every pass begins anew, and a macro sees where it is defined. Chat templates
# are written for Jinja2 and decide by `is defined`.
#
# Seen: "False;True;True;" and "True" here, "False;True;False;" and "False" in jinja2 3.1.6, for the templates below.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @huggingface/jinja@0.5.11
python3 -m venv venv
venv/bin/pip install --quiet jinja2==3.1.6

cat > templates.json <<'JSON'
["{% for i in [1, 2, 3] %}{% if i == 2 %}{% set x = i %}{% endif %}{{ x is defined }};{% endfor %}",
 "{% macro m() %}{{ own is defined }}{% endmacro %}{% for own in [1] %}{{ m() }}{% endfor %}"]
JSON
cat > js.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Template } from "@huggingface/jinja";
// It prints `true`, another difference.
for (const text of JSON.parse(readFileSync("templates.json", "utf8"))) {
  console.log(new Template(text).render({}).replaceAll("true", "True").replaceAll("false", "False"));
}
JS
cat > py.py <<'PY'
import json, jinja2
for text in json.load(open("templates.json")):
    print(jinja2.Template(text).render())
PY
js=$(node js.mjs | tr '\n' ' ')
py=$(venv/bin/python py.py | tr '\n' ' ')
echo "@huggingface/jinja: $js"
echo "jinja2:             $py"
test "$js" = "False;True;True; True "
test "$py" = "False;True;False; False "
