// Ruins a checkpoint, for the tests of what must be refused.

/** Sets every f32 of the largest tensor in a safetensors file. */
export function ruinWeights(path: string, value: number): void {
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = Object.entries(header).filter(([name]) => name !== "__metadata__") as [
    string,
    { data_offsets: [number, number] },
  ][];
  tensors.sort(([, a], [, b]) =>
    (b.data_offsets[1] - b.data_offsets[0]) - (a.data_offsets[1] - a.data_offsets[0])
  );
  const [, largest] = tensors[0]!;
  for (let at = largest.data_offsets[0]; at < largest.data_offsets[1]; at += 4) {
    view.setFloat32(8 + length + at, value, true);
  }
  Deno.writeFileSync(path, bytes);
}
