// What an adapter is before a device is opened on it: its kind, and which matrix units it has.

/** What the adapter says of itself, for `doctor`, run manifests and error sentences. */
export interface AdapterFacts {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  features: string[];
  limits: Record<string, number>;
}

/** Kernel family: software adapters want barrier-free register tiles, hardware ones workgroup tiles. */
export type Profile = "cpu" | "gpu";

/** Subgroups in a workgroup of the kernels for matrix units. */
export const MATRIX_SUBGROUPS = 4;
/** Dawn's experiment; asked for only where the adapter multiplies what the kernels need. */
export const MATRIX_FEATURE = "chromium-experimental-subgroup-matrix";

/** Software rasterisers name themselves; Deno leaves vendor and architecture numeric, so the text decides. */
export function guessProfile(facts: AdapterFacts): Profile {
  const text = `${facts.vendor} ${facts.architecture} ${facts.description}`.toLowerCase();
  return /llvmpipe|lavapipe|swiftshader|software/.test(text) ? "cpu" : "gpu";
}

/** Lanes of the largest subgroup where those multiply f32 matrices of 8 x 8 and four make a workgroup, elsewhere 0. */
export function lanesOfMatrixUnits(adapter: GPUAdapter): number {
  const right = matrixConfigs(adapter).some(({ componentType, resultComponentType, M, N, K }) =>
    componentType === "f32" && resultComponentType === "f32" && M === 8 && N === 8 && K === 8
  );
  return right ? adapter.info.subgroupMaxSize ?? 0 : 0;
}

/** Units that multiply an f16 matrix of M x K by one of K x N and sum in f32. */
export interface HalfUnits {
  M: number;
  N: number;
  K: number;
  /** Of the largest subgroup. */
  lanes: number;
  /** Whether workgroup memory has room for the larger of the kernels' two layouts. */
  roomy: boolean;
}

/** Bytes of workgroup memory that the kernels for units of f16 take if there are as many. */
const ROOMY = 30208;

/** The largest units for f16 of 8 or 16 a side. Those that sum in f16 are of no use: they would round to 11 bits. */
export function halfUnitsOf(adapter: GPUAdapter): HalfUnits | undefined {
  const { features, limits, info: { subgroupMaxSize: lanes = 0 } } = adapter;
  const roomy = limits.maxComputeWorkgroupStorageSize >= ROOMY;
  if (!features.has("shader-f16") || lanes > (roomy ? 128 : 64)) return undefined;
  const [largest] = matrixConfigs(adapter).filter(({ componentType, resultComponentType, M, N, K }) =>
    componentType === "f16" && resultComponentType === "f32" && [M, N, K].every((n) => n === 8 || n === 16)
  ).sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  return largest && { M: largest.M, N: largest.N, K: largest.K, lanes, roomy };
}

/** What the adapter's units multiply, if four of its largest subgroups make a workgroup. */
function matrixConfigs({ features, info, limits }: GPUAdapter): MatrixConfig[] {
  const { subgroupMaxSize = 0 } = info;
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  const known = features.has("subgroups" as GPUFeatureName) && features.has(MATRIX_FEATURE as GPUFeatureName);
  const fits = MATRIX_SUBGROUPS * subgroupMaxSize <= limits.maxComputeInvocationsPerWorkgroup;
  return known && fits ? [...subgroupMatrixConfigs] : [];
}

/** Of Dawn's `GPUAdapterInfo`; no host has it in its types. */
export interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}
