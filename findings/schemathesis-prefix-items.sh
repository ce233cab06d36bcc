#!/usr/bin/env bash
# Schemathesis 4.32.5 (jsonschema-rs 0.60.3): a response schema of OpenAPI 3.1 that has a tuple as JSON Schema 2020-12
# spells it ("prefixItems", "items": false) inside "anyOf" is refused as invalid. It reports a schema with
# "items": [...], which is how drafts before 2020-12 spelt tuples and which the document does not contain.
# The operation is not tested. The same tuple as {"items": ..., "minItems": 2, "maxItems": 2} passes.
#
# Seen: "Invalid Schema Object in response definition" for the first document, no error for the second.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile schemathesis==4.32.5 jsonschema-rs==0.60.3
cat > serve.py <<'PY'
import http.server, json, sys
integer = {"type": "integer"}
pairs = {
    "prefix": {"type": "array", "prefixItems": [integer, integer], "minItems": 2, "items": False},
    "list": {"type": "array", "items": integer, "minItems": 2, "maxItems": 2},
}
def document(pair):
    schema = {"type": "object", "properties": {"pair": {"anyOf": [pair, {"type": "null"}]}}, "required": ["pair"]}
    response = {"description": "a pair", "content": {"application/json": {"schema": schema}}}
    return {"openapi": "3.1.0", "info": {"title": "pairs", "version": "1"}, "paths": {"/pair": {"get": {"responses": {"200": response}}}}}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.strip("/").removesuffix(".json")
        body = json.dumps(document(pairs[name]) if name in pairs else {"pair": [1, 2]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, file=open("port", "w"), flush=True)
server.serve_forever()
PY
python3 serve.py &
server=$!
until [ -s port ]; do sleep 0.1; done
for name in prefix list; do
  rc=0
  venv/bin/schemathesis run "http://127.0.0.1:$(cat port)/$name.json" --phases fuzzing --max-examples 2 --no-color --seed 1 \
    --checks response_schema_conformance > "$name.log" 2>&1 || rc=$?
  echo "$name: exit $rc"
  [ "$name:$rc" = prefix:1 ] || [ "$name:$rc" = list:0 ]
done
grep "Invalid Schema Object in response definition" prefix.log
grep "properties -> pair -> anyOf -> 0 -> items" prefix.log
