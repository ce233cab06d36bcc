#!/usr/bin/env bash
# Deno 2.9.6: globSync() of node:fs asks for the permission to read the environment variable
# __MINIMATCH_TESTING_PLATFORM__, which the bundled minimatch uses in its own tests. A program with read permission and
# no environment permission fails at its first pattern; readdirSync() in the same place needs nothing more.
#
# Seen: NotCapable: Requires env access to "__MINIMATCH_TESTING_PLATFORM__"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tool deno@2.9.6
deno=$(pwd)/tool/node_modules/.bin/deno
export NO_COLOR=1 DENO_DIR="$folder/deno"

mkdir app && cd app && touch a.txt
echo 'import { globSync } from "node:fs"; console.log(globSync("*.txt"));' > glob.ts
echo 'import { readdirSync } from "node:fs"; console.log(readdirSync(".").filter((name) => name.endsWith(".txt")));' > list.ts
"$deno" run --no-prompt --allow-read list.ts
message=$({ "$deno" run --no-prompt --allow-read glob.ts 2>&1 || true; } | grep -m1 NotCapable)
echo "$message"
grep -q '__MINIMATCH_TESTING_PLATFORM__' <<< "$message"
"$deno" run --no-prompt --allow-read --allow-env=__MINIMATCH_TESTING_PLATFORM__ glob.ts
