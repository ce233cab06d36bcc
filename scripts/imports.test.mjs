// Promises about imports: no circles, layers that look down only, and no export without a reader.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { circles, importsOf, readSources, unusedExports } from "./imports.mjs";

const sources = readSources();

const isTest = (path) => /\.test\.(ts|mjs)$|_test\.ts$/.test(path);
/** Development code: tests, what they share, and programs run by hand. */
const isForDevelopers = (path) => isTest(path) || /(\btesting\b|\btools\/|\/fixtures\/)/.test(path);

describe("imports", () => {
  it("are read from every spelling in use", () => {
    const text = `import { a, type B as C } from "./imports.mjs";\nexport * from "./cache.mjs";\n` +
      `const later = await import("./tools.mjs");\nimport {\n  d,\n} from "#shared/wgsl.d.ts";\n`;
    assert.deepEqual(importsOf("scripts/example.mjs", text), [
      { from: "scripts/imports.mjs", names: ["a", "B"] },
      { from: "scripts/cache.mjs", names: ["*"] },
      { from: "shared/wgsl.d.ts", names: ["d"] },
      { from: "scripts/tools.mjs", names: ["*"], later: true },
    ]);
  });

  it("form no circle", () => {
    const example = new Map([["a", { imports: [{ from: "b" }] }], ["b", { imports: [{ from: "a" }] }]]);
    assert.deepEqual(circles(example), [["a", "b"]]);
    assert.deepEqual(circles(sources), []);
  });

  it("look down only", () => {
    const layers = [
      [/^shared\//, /^(trainer|evaluator|benches)\//, "shared/ knows neither program"],
      [/^shared\/(schemas|text|io|verify)\//, /^shared\/engine\//, "the engine stands above"],
      [/^shared\/verify\//, /^(?!shared\/verify\/)/, "the verifier is a package of its own"],
      [
        /^shared\/engine\/(gpu|ops)\//,
        /^shared\/engine\/(model|forward|backward|generation|lora)\//,
        "an op knows no model",
      ],
      [/^evaluator\//, /^(trainer|benches)\//, "the evaluator stands alone"],
      [/^trainer\//, /^(evaluator|benches)\//, "the trainer stands alone"],
      [
        /^trainer\/ghpo\//,
        /^(shared\/(engine|io)|trainer\/(?!ghpo))\//,
        "the algorithm touches no GPU and no file",
      ],
    ];
    const offences = [];
    for (const [path, { text, imports }] of sources) {
      if (isForDevelopers(path)) continue;
      for (const [above, below, reason] of layers) {
        if (!above.test(path)) continue;
        for (const { from } of imports) if (below.test(from)) offences.push(`${path} -> ${from}: ${reason}`);
      }
      // A path put together at run time escapes the graph, so no text of shared/ may name a program's folder.
      if (path.startsWith("shared/") && /["'`][^"'`\s]*\b(trainer|evaluator)\/[\w/]*\.ts\b/.test(text)) {
        offences.push(`${path} names a file of a program`);
      }
    }
    assert.deepEqual(offences, []);
  });

  it("lead from the dashboard to no command and no kernel", () => {
    const reached = new Set(["trainer/dashboard/app.ts", "trainer/dashboard/serve.ts"]);
    for (const path of reached) {
      for (const { from, type } of sources.get(path)?.imports ?? []) if (!type) reached.add(from);
    }
    assert.ok(reached.size > 50);
    assert.deepEqual([...reached].filter((path) => /^trainer\/commands\/|\.wgsl$/.test(path)), []);
  });

  it("of the service leave verifier, scores and documents to the first request that needs them", () => {
    const reached = new Set(["evaluator/app.ts"]);
    for (const path of reached) {
      for (const { from, type, later } of sources.get(path).imports) if (!type && !later) reached.add(from);
    }
    assert.ok(reached.has("evaluator/app/routes.ts"));
    const heavy =
      /^shared\/verify\/(?!presets|tree\/fuel)|^shared\/schemas\/evaluation|^evaluator\/(scoring|sources)\//;
    assert.deepEqual([...reached].filter((path) => heavy.test(path)), []);
    assert.ok(!reached.has("evaluator/app/openapi.ts"));
  });

  it("reach every export", () => {
    // Run by hand or by path: programs, modules that a recipe names, the stand-in for node:test.
    const isEntry = (path) =>
      isTest(path) ||
      /^trainer\/recipes\/|\/(mod|main|index)\.ts$|^scripts\/skip_reasons\.mjs$|^evaluator\/app\.ts$/
        .test(
          path,
        );
    assert.deepEqual(unusedExports(sources, isEntry), []);
  });
});
