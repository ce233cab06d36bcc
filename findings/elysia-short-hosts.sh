#!/usr/bin/env bash
# Elysia 1.4.30: a valid request to a host of three letters or fewer, without a port, finds no route, or the wrong one.
# handle() takes the path from the first slash at or behind the twelfth character of the address: right for
# "http://abcd/", but behind shorter hosts that is the second slash ("http://api/v1/users" is looked up as "/users").
# Container networks use such names: db, api, web.
#
# Seen: http://api/healthz 404, http://apis/healthz 200, http://api/v1/users answered by the route /users
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit elysia@1.4.30
cat > hosts.mjs <<'JS'
import { Elysia } from "elysia";
for (const aot of [false, true]) {
  const app = new Elysia({ aot }).get("/healthz", () => "ok").get("/users", () => "users").get("/v1/users", () => "v1");
  for (const address of ["http://api/healthz", "http://apis/healthz", "http://api/v1/users", "http://apis/v1/users"]) {
    const response = await app.handle(new Request(address));
    console.log(`aot ${aot}`, address, response.status, await response.text());
  }
}
JS
node hosts.mjs | tee seen.txt
for aot in false true; do
  grep -qx "aot $aot http://api/healthz 404 NOT_FOUND" seen.txt
  grep -qx "aot $aot http://apis/healthz 200 ok" seen.txt
  grep -qx "aot $aot http://api/v1/users 200 users" seen.txt
  grep -qx "aot $aot http://apis/v1/users 200 v1" seen.txt
done
