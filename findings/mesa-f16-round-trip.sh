#!/usr/bin/env bash
# Mesa 25.0.7's lavapipe under Dawn (npm webgpu 0.6.2): WGSL's f32(f16(x)) gives x itself, not x rounded to f16, for
# scalars and vectors. Splitting a number into halves, high = f16(x), low = f16(x - f32(high)), so finds low = 0 and loses
# everything past 11 bits without an error. quantizeToF16(x) rounds, and so does f32 of a half that went through a
# buffer. (Mesa 26.2.6 and Deno's WebGPU on 25.0.7 do the same.)
#
# Needs Debian's apt-get, whose mirror it takes, and keyring, node and npm; changes nothing outside a temporary folder.
#
# Seen: x 3.1415927410125732 round 3.1415927410125732 low 0 quantized 3.140625 stored 3.140625
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit webgpu@0.6.2
mkdir -p apt/lists/partial apt/archives/partial root
touch apt/status
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' | sed -n 's/^Debian //p' | grep -v security | head -n 1)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > apt/sources.list
cat > apt/conf <<CONF
Dir::State "$folder/apt"; Dir::State::status "$folder/apt/status"; Dir::Cache "$folder/apt"; APT::Sandbox::User "root";
Dir::Etc::SourceList "$folder/apt/sources.list"; Dir::Etc::SourceParts "/dev/null"; Debug::NoLocking "1";
APT::Architecture "amd64"; APT::Install-Recommends "false";
CONF
apt-get -qq -c apt/conf update
apt-get -qq -c apt/conf -y --download-only install mesa-vulkan-drivers libvulkan1 libstdc++6 > apt/log
for package in apt/archives/*.deb; do dpkg-deb -x "$package" root; done
libraries=$folder/root/usr/lib/x86_64-linux-gnu
sed "s#\"library_path\": *\"[^\"]*\"#\"library_path\": \"$libraries/libvulkan_lvp.so\"#" \
  root/usr/share/vulkan/icd.d/lvp_icd*.json > lavapipe.json
cat > round.mjs <<'JS'
import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = globalThis.kept = create([]);
const adapter = await gpu.requestAdapter();
console.log(adapter.info.description);
const device = await adapter.requestDevice({ requiredFeatures: ["shader-f16"] });
const buffer = (size, usage) => device.createBuffer({ size, usage });
const x = buffer(16, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
const halves = buffer(8, GPUBufferUsage.STORAGE);
const out = buffer(64, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
const read = buffer(64, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
device.queue.writeBuffer(x, 0, Float32Array.of(3.1415927, 0.1, 1234.567, 1.0001));
const module = device.createShaderModule({
  code: `enable f16;
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> halves: array<vec4h>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(1) fn store() { halves[0] = vec4h(x[0]); }
@compute @workgroup_size(1) fn main() {
  let a = x[0];
  out[0] = vec4f(f32(f16(a.x)), f32(f16(a.y)), f32(f16(a.z)), f32(f16(a.w)));
  out[1] = vec4f(vec4h(a - vec4f(vec4h(a))));
  out[2] = quantizeToF16(a);
  out[3] = vec4f(halves[0]);
}`,
});
const visible = (binding, type) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } });
const layout = device.createBindGroupLayout({
  entries: [visible(0, "read-only-storage"), visible(1, "storage"), visible(2, "storage")],
});
const entries = [x, halves, out].map((buffer, binding) => ({ binding, resource: { buffer } }));
const encoder = device.createCommandEncoder();
for (const entryPoint of ["store", "main"]) {
  const pass = encoder.beginComputePass();
  const shared = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  pass.setPipeline(device.createComputePipeline({ layout: shared, compute: { module, entryPoint } }));
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
}
encoder.copyBufferToBuffer(out, 0, read, 0, 64);
device.queue.submit([encoder.finish()]);
await read.mapAsync(GPUMapMode.READ);
const values = new Float32Array(read.getMappedRange());
console.log(`x ${Math.fround(3.1415927)} round ${values[0]} low ${values[4]} quantized ${values[8]} stored ${values[12]}`);
process.exit(0);
JS
VK_DRIVER_FILES=$folder/lavapipe.json "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" \
  "$(readlink -f "$(command -v node)")" round.mjs | tee seen.txt
grep -q "Mesa 25.0.7" seen.txt
grep -qx "x 3.1415927410125732 round 3.1415927410125732 low 0 quantized 3.140625 stored 3.140625" seen.txt
