import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archiveSources } from "./apt.mjs";

const bookworm = { ID: "debian", VERSION_CODENAME: "bookworm" };

describe("archiveSources()", () => {
  it("keeps the distribution's one-line entries and adds Debian 12's backports", () => {
    const text = `# comment
deb http://deb.example/debian bookworm main contrib # why
deb [signed-by=/key.gpg] http://deb.example/security bookworm-security main
deb-src http://deb.example/debian bookworm main
deb http://other.example/apt stable main
`;
    const { list, sources } = archiveSources([{ name: "sources.list", text }], bookworm);
    assert.deepEqual(list.trim().split("\n"), [
      "deb http://deb.example/debian bookworm main contrib",
      "deb http://deb.example/debian bookworm-backports main contrib",
      "deb [signed-by=/key.gpg] http://deb.example/security bookworm-security main",
    ]);
    assert.equal(sources.trim(), "");
  });

  it("rewrites deb822 stanzas and keeps their keys", () => {
    const text = `Types: deb deb-src
# snapshot
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/k.gpg

Types: deb
URIs: http://other.example
Suites: nodistro
Components: main

Types: deb
URIs: http://deb.example/off
Suites: bookworm
Components: main
Enabled: no
`;
    const { sources } = archiveSources([{ name: "debian.sources", text }], bookworm);
    assert.equal(
      sources,
      `Types: deb
URIs: http://deb.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/k.gpg
`,
    );
  });

  it("adds nothing to a newer Debian or to Ubuntu", () => {
    const text =
      "deb http://archive.example/ubuntu noble main\ndeb http://archive.example/ubuntu noble-updates main\n";
    const { list } = archiveSources([{ name: "x.list", text }], { ID: "ubuntu", VERSION_CODENAME: "noble" });
    assert.equal(list, text);
  });
});
