// What an adapter is before a device is opened on it: its kind, and whether it has matrix units for f32.

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
export function lanesOfMatrixUnits({ features, info, limits }: GPUAdapter): number {
  const { subgroupMaxSize = 0 } = info;
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  const known = features.has("subgroups" as GPUFeatureName) && features.has(MATRIX_FEATURE as GPUFeatureName);
  const right = [...subgroupMatrixConfigs].some(({ componentType, resultComponentType, M, N, K }) =>
    componentType === "f32" && resultComponentType === "f32" && M === 8 && N === 8 && K === 8
  );
  const fits = MATRIX_SUBGROUPS * subgroupMaxSize <= limits.maxComputeInvocationsPerWorkgroup;
  return known && right && fits ? subgroupMaxSize : 0;
}

/** Of Dawn's `GPUAdapterInfo`; no host has it in its types. */
export interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}
