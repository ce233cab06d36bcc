// What the bundle for edge workers may contain, and how large it may be.

import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { bundle, runtimes } from "../testing/services.ts";

describe("the edge module", () => {
  it("has no WebGPU and no node: module in its bundle, which is below 200 kB compressed", {
    skip: runtimes[1]!.skip,
  }, async () => {
    const folder = Deno.makeTempDirSync();
    const code = await Deno.readTextFile(await bundle(`${folder}/app.js`));
    assert.doesNotMatch(code, /(from|import|require\()\s*\(?["']node:/);
    assert.doesNotMatch(code, /navigator\.gpu|requestAdapter|createComputePipeline/);
    const zipped = new Blob([code]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = (await new Response(zipped).arrayBuffer()).byteLength;
    assert.ok(bytes < 200_000, `the bundle has ${bytes} bytes`);
    Deno.removeSync(folder, { recursive: true });
  });
});
