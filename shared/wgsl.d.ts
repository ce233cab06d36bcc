// Lets tsc accept `import source from "./op.wgsl" with { type: "text" }`; Deno knows it by itself.
declare module "*.wgsl" {
  const source: string;
  export default source;
}
