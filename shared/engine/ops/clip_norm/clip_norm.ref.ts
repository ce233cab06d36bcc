// Global norm and clipping factor in f64 on the CPU.

/** As torch.nn.utils.clip_grad_norm_; maxNorm 0 means no clipping. */
export function clipNormRef(
  gradients: readonly ArrayLike<number>[],
  maxNorm: number,
): { norm: number; factor: number } {
  let sum = 0;
  for (const gradient of gradients) {
    for (let i = 0; i < gradient.length; i++) sum += gradient[i]! ** 2;
  }
  const norm = Math.sqrt(sum);
  return { norm, factor: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1 };
}
