// An encrypted connection, also over WebSockets, under Bun and Deno.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectFleet } from "#shared/fleet/server.ts";
import { TOOLS } from "../../scripts/tools.mjs";
import { LEARNER, NATS, TestServer, WORKER } from "./testing.ts";

const SERVER = new URL("../../shared/fleet/server.ts", import.meta.url).href;

describe("an encrypted connection", { skip: "missing" in NATS ? NATS.missing : false }, () => {
  const openssl = Bun.which("openssl");
  const skip = openssl === null ? "there is no openssl to make certificates with" : false;
  it("takes the server's authority from GHPO_NATS_CA, and no other", { timeout: 60_000, skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "ghpo-tls-"));
    const at = (name: string) => join(folder, name);
    const make = (...words: string[]) =>
      assert.equal(Bun.spawnSync([openssl!, ...words], { stderr: "ignore" }).exitCode, 0);
    const request = (name: string) => ["req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`];
    make(...request("authority"), "-x509", "-days", "2", "-keyout", at("ca.key"), "-out", at("ca.pem"));
    make(...request("localhost"), "-keyout", at("server.key"), "-out", at("server.csr"));
    writeFileSync(at("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
    const signed = [
      "x509",
      "-req",
      "-days",
      "2",
      "-in",
      at("server.csr"),
      "-extfile",
      at("names"),
      "-out",
      at("server.pem"),
    ];
    make(...signed, "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial");
    const tls = `tls { cert_file: "${at("server.pem")}", key_file: "${at("server.key")}" }`;
    const { server, port } = await TestServer.startWeb(tls);
    try {
      const url = `tls://localhost:${server.port}`;
      const connection = await connectFleet(url, { ...LEARNER, GHPO_NATS_CA: at("ca.pem") });
      assert.equal(connection.info?.tls_required, true);
      await connection.close();
      await assert.rejects(connectFleet(url, LEARNER), /certificate/);
      // WebSockets know the authorities of their runtime.
      const web = `wss://localhost:${port}`;
      const connects = async (program: string[], url: string, env: Record<string, string>) => {
        const script = `const { connectFleet } = await import(${JSON.stringify(SERVER)});` +
          `const connection = await connectFleet(${JSON.stringify(url)}, ${
            JSON.stringify({ ...WORKER, GHPO_NATS_CA: env["GHPO_NATS_CA"] })
          });` +
          `await connection.flush(); await connection.close(); console.log("connected");`;
        const child = Bun.spawn([...program, script], {
          env: { ...process.env, ...env },
          stdout: "pipe",
          stderr: "ignore",
        });
        const said = await new Response(child.stdout).text();
        await child.exited;
        return said.includes("connected");
      };
      const bun = [process.execPath, "-e"];
      const deno = [TOOLS.deno, "eval"];
      const all = [
        connects(bun, web, { NODE_EXTRA_CA_CERTS: at("ca.pem") }),
        connects(bun, web, {}),
        connects(deno, web, { DENO_CERT: at("ca.pem") }),
        connects(deno, web, {}),
        connects(deno, url, { GHPO_NATS_CA: at("ca.pem") }),
        connects(deno, url, {}),
      ];
      assert.deepEqual(await Promise.all(all), [true, false, true, false, true, false]);
    } finally {
      await server.close();
      rmSync(folder, { recursive: true });
    }
  });
});
