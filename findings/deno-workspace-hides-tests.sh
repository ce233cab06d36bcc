#!/usr/bin/env bash
# Deno 2.9.6: `deno test FOLDER`, where FOLDER contains a member of the workspace, runs the member's tests alone and
# leaves out all other test files of FOLDER, with exit code 0 and no message. Without the argument all files run.
# `deno fmt --check FOLDER` takes all of them.
#
# Seen: "ok | 1 passed" for `deno test code` and "ok | 2 passed" for `deno test`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tool deno@2.9.6
deno=$(pwd)/tool/node_modules/.bin/deno
export NO_COLOR=1 DENO_DIR="$folder/deno"

mkdir -p app/code/member app/code/other
echo '{ "workspace": ["./code/member"] }' > app/deno.json
echo '{ "name": "@example/member", "version": "0.1.0", "exports": "./mod.ts" }' > app/code/member/deno.json
echo 'export const one = 1;' > app/code/member/mod.ts
echo 'Deno.test("in the member", () => {});' > app/code/member/a_test.ts
echo 'Deno.test("beside the member", () => {});' > app/code/other/b_test.ts
cd app
named=$("$deno" test --no-lock code 2>&1 | tail -n 3)
whole=$("$deno" test --no-lock 2>&1 | tail -n 3)
formatted=$("$deno" fmt --check code 2>&1 | tail -n 1)
echo "deno test code: $(grep -o 'ok | .* failed' <<< "$named")"
echo "deno test:      $(grep -o 'ok | .* failed' <<< "$whole")"
echo "deno fmt code:  $formatted"
grep -q 'ok | 1 passed' <<< "$named"
grep -q 'ok | 2 passed' <<< "$whole"
