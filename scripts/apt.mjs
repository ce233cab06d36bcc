// Debian and Ubuntu packages without root: apt-get with a state folder of its own downloads a package and
// what it lacks on this machine, dpkg-deb unpacks the lot into a folder. The system is only read.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, mustRun } from "./process.mjs";

/**
 * The machine's own archive entries, one-line and deb822, reduced to the distribution's suites; Debian 12
 * gains its backports from the same address, because its own Mesa is too old for Dawn.
 * @param {{ name: string, text: string }[]} files contents of sources.list and sources.list.d/*
 * @param {{ ID?: string, VERSION_CODENAME?: string }} release fields of /etc/os-release
 * @returns {{ list: string, sources: string }} text for a .list and for a .sources file
 */
export function archiveSources(files, release) {
  const codename = release.VERSION_CODENAME ?? "";
  const own = (suite) => suite.split(/[-/]/)[0] === codename;
  const backports = release.ID === "debian" && codename === "bookworm" ? [`${codename}-backports`] : [];
  const list = [];
  const stanzas = [];
  for (const { name, text } of files) {
    if (name.endsWith(".sources")) {
      for (const stanza of text.replace(/^#.*\n?/gm, "").split(/\n\s*\n/)) {
        const types = /^Types:(.*)$/im.exec(stanza)?.[1] ?? "";
        const suites = /^Suites:(.*)$/im.exec(stanza)?.[1]?.trim().split(/\s+/).filter(own) ?? [];
        if (!/\bdeb\b/.test(types) || suites.length === 0 || /^Enabled:\s*no/im.test(stanza)) continue;
        if (suites.includes(codename)) suites.push(...backports);
        stanzas.push(
          stanza.trim().replace(/^Types:.*$/im, "Types: deb")
            .replace(/^Suites:.*$/im, `Suites: ${[...new Set(suites)].join(" ")}`),
        );
      }
    } else if (name.endsWith(".list")) {
      for (const line of text.split("\n")) {
        const entry = /^\s*deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
        if (!entry || !own(entry[3])) continue;
        const [, options = "", address, suite, components] = entry;
        for (const each of [suite, ...(suite === codename ? backports : [])]) {
          list.push(`deb ${options}${address} ${each} ${components.trim()}`);
        }
      }
    }
  }
  return { list: list.join("\n") + "\n", sources: stanzas.join("\n\n") + "\n" };
}

/** `KEY=value` lines of /etc/os-release. */
function osRelease() {
  const fields = {};
  try {
    for (const line of readFileSync("/etc/os-release", "utf8").split("\n")) {
      const match = /^(\w+)="?([^"]*)"?$/.exec(line);
      if (match) fields[match[1]] = match[2];
    }
  } catch {
    // Not a Linux that says what it is.
  }
  return fields;
}

/**
 * Downloads `packages` with the dependencies that this machine lacks and unpacks them into `root`.
 * @throws Error when the machine has no apt, or the packages cannot be had
 */
export async function unpackPackages(packages, root) {
  const release = osRelease();
  const work = `${root}.apt`;
  for (const folder of ["lists/partial", "archives/partial", "sources.d"]) {
    mkdirSync(join(work, folder), { recursive: true });
  }
  const { list, sources } = archiveSources(readSources("/etc/apt"), release);
  writeFileSync(join(work, "sources.list"), list);
  writeFileSync(join(work, "sources.d", "own.sources"), sources);
  const options = Object.entries({
    "Dir::State": work,
    "Dir::State::lists": join(work, "lists"),
    "Dir::State::status": "/var/lib/dpkg/status",
    "Dir::Cache": work,
    "Dir::Cache::archives": join(work, "archives"),
    "Dir::Etc::sourcelist": join(work, "sources.list"),
    "Dir::Etc::sourceparts": join(work, "sources.d"),
    "Debug::NoLocking": "true", // the system's package lock is not ours to take, nor needed
    "APT::Sandbox::User": "", // the download user may not enter this folder
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "20",
    "Acquire::https::Timeout": "20",
  }).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  try {
    // An archive that does not answer is a warning here; what counts is whether the packages come.
    await capture("apt-get", [...options, "update"], { env });
    const suite = sources.includes("-backports") || list.includes("-backports")
      ? ["-t", `${release.VERSION_CODENAME}-backports`]
      : [];
    const install = ["install", "--reinstall", "--download-only", "--no-install-recommends", "-y", ...suite];
    await mustRun(`download ${packages.join(", ")}`, "apt-get", [...options, ...install, ...packages], {
      env,
    });
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    for (const file of readdirSync(join(work, "archives")).filter((name) => name.endsWith(".deb"))) {
      await mustRun(`unpack ${file}`, "dpkg-deb", ["-x", join(work, "archives", file), root]);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function readSources(folder) {
  const files = [];
  const read = (name, path) => {
    try {
      files.push({ name, text: readFileSync(path, "utf8") });
    } catch {
      // Absent, or not for this user to read.
    }
  };
  read("sources.list", join(folder, "sources.list"));
  try {
    const parts = join(folder, "sources.list.d");
    for (const name of readdirSync(parts)) read(name, join(parts, name));
  } catch {
    // No such folder.
  }
  return files;
}
