// Reading every tensor of a safetensors file into f32 arrays. Argument: the file.

import process from "node:process";
import { SafetensorsFile } from "#shared/io/safetensors.ts";
import { report } from "../program.ts";

const path = process.argv[2] ?? "";

await report("values", () => {
  const file = new SafetensorsFile(path);
  let work = 0;
  const sums: number[] = [];
  for (const [name, { shape }] of file.tensors) {
    const values = file.read(name, shape);
    work += values.length;
    sums.push(values[0]! + values[values.length >> 1]! + values[values.length - 1]!);
  }
  file.close();
  return { work, result: sums.join() };
});
