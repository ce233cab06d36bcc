// What the test runners really did, read from their own reports.
//
// A result is { passed, failed: string[], skipped: { name, reason? }[] }. A report counts leaves only: Deno
// lists a suite as well as its tests. Bun's and Deno's reports leave out a file that failed to load, and a
// crashed runner writes none, so the exit code and the printed summary have the last word.

const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decode(text) {
  return text.replace(
    /&(?:#(\d+)|(\w+));/g,
    (all, code, name) => code ? String.fromCodePoint(code) : ENTITIES[name] ?? all,
  );
}

/** The test cases of a JUnit file: { name, outcome: "passed" | "failed" | "skipped", message }. */
export function readJunit(xml) {
  const cases = [];
  for (const [, attributes, body = ""] of xml.matchAll(/<testcase\s([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const attribute = (name) => decode(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    const failure = /<(?:failure|error)\b(?:[^>]*?message="([^"]*)")?/.exec(body);
    cases.push({
      name: attribute("name"),
      outcome: failure ? "failed" : body.includes("<skipped") ? "skipped" : "passed",
      message: decode(failure?.[1] ?? ""),
    });
  }
  return cases;
}

/**
 * The result of one runner.
 * @param {{ runner: string, code: number, junit: string, output: string, skips: { title: string, reason: string }[] }} run
 *   what it left: exit code, JUnit text ("" for none), printed text, and the reasons its tests gave for skipping
 */
export function summarize({ runner, code, junit, output, skips = [] }) {
  const all = readJunit(junit);
  const parents = new Set(
    all.flatMap(({ name }) =>
      name.split(" > ").slice(0, -1).map((_, i, parts) => parts.slice(0, i + 1).join(" > "))
    ),
  );
  // A suite counts only when it failed by itself, in a hook for example.
  const cases = all.filter(({ name, outcome, message }) =>
    !parents.has(name) || (outcome === "failed" && !/test steps? failed/.test(message))
  );
  const named = (outcome) => cases.filter((each) => each.outcome === outcome).map((each) => each.name);
  const failed = named("failed");
  const passed = named("passed").length - disguised(cases, skips);

  // "2 fail" and "1 error" of Bun, "(uncaught error)" of Deno: failures outside any test case.
  // deno-lint-ignore no-control-regex
  const text = output.replace(/\x1b\[[0-9;]*m/g, "");
  const printed = Number(/^\s*(\d+) fail$/m.exec(text)?.[1] ?? 0);
  const uncaught = new Set(text.match(/^\S+ \(uncaught error\)/gm)).size;
  const outside = Math.max(printed - failed.length, uncaught, 0);
  for (let i = 0; i < outside; i++) failed.push(`${runner}: a file failed outside its tests`);
  if (code !== 0 && failed.length === 0) failed.push(`${runner} ended with code ${code}`);
  if (code === 0 && failed.length === 0 && cases.length === 0) failed.push(`${runner} ran no test`);

  const skipped = skips.map(({ title, reason }) => ({ name: title, reason }));
  const explained = new Set(skips.map(({ title }) => title));
  for (const name of named("skipped")) {
    if (!explained.has(name.split(" > ").at(-1))) skipped.push({ name });
  }
  return { passed, failed, skipped };
}

/** How many cases are reported as passed although they skipped themselves while running, as Deno does. */
function disguised(cases, skips) {
  const count = (title, outcome) =>
    cases.filter((each) => each.outcome === outcome && each.name.split(" > ").at(-1) === title).length;
  return [...new Set(skips.map(({ title }) => title))].reduce((sum, title) => {
    const asked = skips.filter((skip) => skip.title === title).length;
    return sum + Math.min(count(title, "passed"), Math.max(0, asked - count(title, "skipped")));
  }, 0);
}

/** As `summarize` for Node's own runner, from its TAP output. */
export function summarizeTap({ runner, code, output }) {
  const count = (what) => Number(new RegExp(`^# ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const failed = [...output.matchAll(/^\s*not ok \d+ - (.*)\n\s+---\n([^]*?)\n\s+\.\.\.$/gm)]
    .filter(([, , details]) => !details.includes("failureType: 'subtestsFailed'")).map((match) => match[1]);
  const wanted = count("fail") + count("cancelled");
  while (failed.length < wanted) failed.push(`${runner}: a test without a name`);
  if (code !== 0 && wanted === 0) failed.push(`${runner} ended with code ${code}`);
  if (code === 0 && count("tests") === 0) failed.push(`${runner} ran no test`);
  const skipped = [...output.matchAll(/^\s*ok \d+ - (.*?) # SKIP ?(.*)$/gm)]
    .map(([, name, reason]) => ({ name, ...(reason && { reason }) }));
  return { passed: count("pass"), failed, skipped };
}

/**
 * The closing lines of a test run: every failure, one line with every skipped test under its reason, the total.
 * @param {{ runner: string, passed: number, failed: string[], skipped: { name: string, reason?: string }[] }[]} results
 */
export function closingLines(results) {
  const byReason = new Map();
  for (const { runner, skipped } of results) {
    for (const { name, reason = "no reason given" } of skipped) {
      const runners = byReason.get(reason) ?? byReason.set(reason, new Map()).get(reason);
      runners.set(name, new Set([...(runners.get(name) ?? []), runner]));
    }
  }
  const skips = [...byReason].map(([reason, tests]) =>
    `${[...tests].map(([name, runners]) => `${name} (${[...runners].join(", ")})`).join(", ")}: ${reason}`
  );
  const failures = results.flatMap(({ runner, failed }) =>
    failed.map((name) => `failed (${runner}): ${name}`)
  );
  const passed = results.reduce((sum, each) => sum + each.passed, 0);
  return [
    ...failures,
    `skipped: ${skips.join("; ") || "none"}`,
    `${passed} passed, ${failures.length} failed`,
  ];
}
