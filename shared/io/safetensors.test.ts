import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { f32ToBf16 } from "./half.ts";
import { SafetensorsFile } from "./safetensors.ts";
import { type Tensor, writeSafetensors } from "./safetensors_writer.ts";
import { WeightFiles, writeWeights } from "./weights.ts";
import reference from "./fixtures/reference.json" with { type: "json" };

const FIXTURE = fileURLToPath(new URL("fixtures/reference.safetensors", import.meta.url).href);

function inFolder(test: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "ghpo-io-"));
  try {
    test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const tensors: Tensor[] = [
  { name: "a", shape: [2, 3], data: new Float32Array([1, -2, 3.5, 0.1, 1e-30, 7]) },
  { name: "b", shape: [4], data: new Float32Array([0.25, 0.5, 1, 2]) },
  { name: "c", shape: [], data: new Float32Array([9]) },
];

/** A file with this header (an object or raw text) and so many zero bytes of data. */
function craft(path: string, header: unknown, dataBytes: number): void {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  writeFileSync(path, bytes);
}

function openError(path: string): string {
  try {
    new SafetensorsFile(path).close();
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message.replaceAll(path, "F");
  }
  assert.fail("the file was accepted");
}

describe("SafetensorsFile", () => {
  it("reads what the Python library wrote: f32, bf16, f16, empty and scalar", () => {
    const file = new SafetensorsFile(FIXTURE);
    for (const [name, { shape, values }] of Object.entries(reference.tensors)) {
      assert.deepEqual([...file.read(name, shape)], values.map(Math.fround), name);
    }
    assert.deepEqual(file.metadata, { format: "pt" });
    file.close();
  });

  it("names a tensor of another shape, of an unusable type, or missing", () => {
    const file = new SafetensorsFile(FIXTURE);
    assert.throws(() => file.read("f32", [4, 3]), {
      name: "TypeError",
      message: `Cannot load ${FIXTURE} as tensor f32 must be [4, 3]: current shape is [3, 4]`,
    });
    assert.throws(() => file.read("ids"), {
      message: `Cannot load ${FIXTURE} as tensor ids must be of type F32, F16 or BF16: current type is I64`,
    });
    assert.throws(() => file.read("x"), { message: `Cannot load ${FIXTURE} as tensor x is missing` });
    file.close();
  });

  it("is refused when truncated anywhere", () => {
    inFolder((folder) => {
      const path = join(folder, "model.safetensors");
      writeSafetensors(path, tensors);
      const whole = readFileSync(path);
      for (let size = 0; size < whole.length; size++) {
        writeFileSync(path, whole.subarray(0, size));
        const message = openError(path);
        if (size < 8) {
          assert.equal(message, `Cannot load F as it must have at least 8 bytes: current size is ${size}`);
        } else {assert.match(
            message,
            new RegExp(`^Cannot load F as it is truncated: .* current size is ${size}$`),
          );}
      }
    });
  });

  it("is refused when the header lies", () => {
    const f32 = (shape: number[], begin: number, end: number, dtype = "F32") => {
      return { dtype, shape, data_offsets: [begin, end] };
    };
    const cases: [unknown, number, string][] = [
      ["{", 0, "Cannot load F as its header is not a JSON object"],
      ["3", 0, "Cannot load F as its header is not a JSON object"],
      [
        { a: f32([2], 0, 4) },
        4,
        "Cannot load F as tensor a of shape [2] must have 8 bytes: current length is 4",
      ],
      [
        { a: f32([1], 4, 0) },
        4,
        "Cannot load F as tensor a of shape [1] must have 4 bytes: current length is -4",
      ],
      [{ a: f32([1], 0, 4, "F31") }, 4, "Cannot load F as tensor a has the unknown type F31"],
      [{ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8, "Cannot load F as tensor b overlaps tensor a"],
      [{ a: f32([1], 4, 8) }, 8, "Cannot load F as there are 4 unused bytes before tensor a"],
      [{ a: f32([1], 0, 4) }, 9, "Cannot load F as there are 5 unused bytes at its end"],
      [{ a: { dtype: "F32", shape: [1] } }, 4, "Cannot read F, tensor a, as the key data_offsets is missing"],
      [{ a: f32([-1], 0, 4) }, 4, "Cannot read F, tensor a, as shape[0] must be >= 0: current value is -1"],
    ];
    inFolder((folder) => {
      const path = join(folder, "x.safetensors");
      for (const [header, bytes, message] of cases) {
        craft(path, header, bytes);
        assert.equal(openError(path), message);
      }
      const long = new Uint8Array(16);
      new DataView(long.buffer).setBigUint64(0, 1n << 60n, true);
      writeFileSync(path, long);
      assert.match(
        openError(path),
        /^Cannot load F as its header must have at most 25000000 bytes: current length is/,
      );
    });
  });

  it("says that a missing file does not exist", () => {
    assert.equal(openError("/nonexistent/x.safetensors"), "Cannot read F as it does not exist");
  });
});

describe("writeSafetensors()", () => {
  it("is read back exactly, with the data at a multiple of 8", () => {
    inFolder((folder) => {
      const path = join(folder, "model.safetensors");
      writeSafetensors(path, tensors, { metadata: { format: "pt", step: "3" } });
      const file = new SafetensorsFile(path);
      assert.deepEqual([...file.tensors.keys()], ["a", "b", "c"]);
      assert.equal(file.tensors.get("a")!.start % 8, 0);
      assert.equal(file.metadata.step, "3");
      for (const { name, shape, data } of tensors) assert.deepEqual(file.read(name, shape), data);
      file.close();
      assert.deepEqual(readdirSync(folder), ["model.safetensors"]);
    });
  });

  it("rounds to bfloat16 as torch does", () => {
    const { f32, bf16_bits } = reference.rounding;
    assert.deepEqual([...f32ToBf16(new Float32Array(f32))], bf16_bits);
    assert.ok(
      Number.isNaN(
        new Float32Array(new Uint32Array([f32ToBf16(new Float32Array([NaN]))[0]! << 16]).buffer)[0],
      ),
    );
    inFolder((folder) => {
      const path = join(folder, "model.safetensors");
      writeSafetensors(path, tensors, { dtype: "BF16" });
      const file = new SafetensorsFile(path);
      assert.deepEqual([...file.read("b")], [0.25, 0.5, 1, 2]);
      assert.ok(Math.abs(file.read("a")[3]! - 0.1) <= 0.1 / 256);
      file.close();
    });
  });

  it("refuses values that do not fill the shape, and a name twice", () => {
    const one = { name: "a", shape: [2], data: new Float32Array(3) };
    assert.throws(
      () => writeSafetensors("x", [one]),
      /Cannot write x as tensor a of shape \[2\] has 3 values/,
    );
    const two = { ...one, shape: [3] };
    assert.throws(() => writeSafetensors("x", [two, two]), /Cannot write x as tensor a comes twice/);
  });
});

describe("WeightFiles", () => {
  it("reads shards through their index", () => {
    inFolder((folder) => {
      writeWeights(folder, tensors, { maxShardBytes: 30 });
      assert.deepEqual(readdirSync(folder).sort(), [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
      ]);
      const index = JSON.parse(readFileSync(join(folder, "model.safetensors.index.json"), "utf8"));
      assert.equal(index.metadata.total_size, 44);
      const weights = new WeightFiles(folder);
      for (const { name, shape, data } of tensors) {
        assert.deepEqual(weights.read(name, shape), data);
        const rows = shape[0] ?? 1;
        const part = { first: rows - 1, count: 1 };
        assert.deepEqual(weights.read(name, shape, part), data.slice((rows - 1) * data.length / rows));
        assert.throws(() => weights.read(name, shape, { first: 1, count: rows }), RangeError);
      }
      assert.throws(() => weights.read("z"), /tensor z is missing/);
      weights.close();
    });
  });

  it("names the shard that lacks a tensor or a file, and a path that leaves the directory", () => {
    inFolder((folder) => {
      writeWeights(folder, tensors, { maxShardBytes: 30 });
      const index = join(folder, "model.safetensors.index.json");
      const shard = "model-00002-of-00002.safetensors";
      const map = (weight_map: Record<string, string>) =>
        writeFileSync(index, JSON.stringify({ weight_map }));
      map({ a: shard });
      assert.throws(
        () => new WeightFiles(folder),
        /00002\.safetensors as tensor a, which .* says is there, is missing/,
      );
      map({ a: "other.safetensors" });
      assert.throws(() => new WeightFiles(folder), /Cannot read .*other\.safetensors as it does not exist/);
      map({ a: "../model.safetensors" });
      assert.throws(() => new WeightFiles(folder), /weight_map\.a must be a plain file name/);
    });
  });

  it("needs one of the two files", () => {
    inFolder((folder) => {
      assert.throws(() => new WeightFiles(folder), {
        message: `Cannot load ${folder} as it has neither model.safetensors nor model.safetensors.index.json`,
      });
    });
  });
});
