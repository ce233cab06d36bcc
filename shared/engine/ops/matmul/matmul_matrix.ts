// The three matrix products by matrix units: subgroups that multiply f32 matrices of 8 x 8, as Apple's GPUs do. Four
// subgroups compute 64 x 64 elements of `out`, 4 x 4 matrices each. Operands pass through workgroup memory, where what
// lies past an edge is 0, and results too, so that any size and stride will do. No GPU with such units was at hand:
// tests run this text with the units emulated, and with operands in f16 on Mesa 26.2's lavapipe, which has units for
// those (testing.ts). The language is Dawn's experiment of 2026, which may still change.
//
// An operand is staged in the layout of its buffer and loaded by rows or by columns: nothing is transposed by hand. The
// order in which a unit sums is its own, so bits differ from matmul_nn.

import { MATRIX_SUBGROUPS } from "#shared/engine/gpu/adapter.ts";
import { type Kind, PRODUCT_BINDINGS } from "./matmul_subgroup.ts";

/** Rows and columns of `out` that a workgroup computes. */
export const MATRIX_TILE = { rows: 64, cols: 64 };

/** Steps of the inner dimension in workgroup memory. */
const DEPTH = 16;
/** Floats from one staged line to the next: four unused ones keep its elements in different banks. */
const WIDE = 64 + 4;
const DEEP = DEPTH + 4;

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (n: number, line: (i: number) => string) => count(n).map(line).join("\n");

interface Operand {
  /** Whether its inner dimension runs over rows. */
  innerInRows: boolean;
  /** First element in workgroup memory, elements a line, and elements in all. */
  start: number;
  stride: number;
  size: number;
}

function operands(kind: Kind): { x: Operand; w: Operand } {
  const place = (innerInRows: boolean, start: number) => {
    return innerInRows
      ? { innerInRows, start, stride: WIDE, size: DEPTH * WIDE }
      : { innerInRows, start, stride: DEEP, size: 64 * DEEP };
  };
  const x = place(kind === "tn", 0);
  return { x, w: place(kind !== "nt", x.size) };
}

/**
 * Bindings, parameters and layouts are those of `subgroupProduct`. LANES is the adapter's largest subgroup: where
 * subgroups are smaller, those past the fourth only help to load and store.
 */
export function matrixProduct(kind: Kind): string {
  const { x, w } = operands(kind);
  const each = (line: (i: number, j: number) => string) => lines(16, (i) => line(i >> 2, i % 4));
  return `enable subgroups;
enable chromium_experimental_subgroup_matrix;
${PRODUCT_BINDINGS}
alias Left = subgroup_matrix_left<f32, 8, 8>;
alias Right = subgroup_matrix_right<f32, 8, 8>;
alias Result = subgroup_matrix_result<f32, 8, 8>;

const LANES = 32u;
const THREADS = LANES * ${MATRIX_SUBGROUPS}u;

var<workgroup> tile: array<f32, ${Math.max(x.size + w.size, 32 * WIDE)}>;

fn stage(at: u32, quad: vec4f) {
  tile[at] = quad.x;
  tile[at + 1u] = quad.y;
  tile[at + 2u] = quad.z;
  tile[at + 3u] = quad.w;
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let quads = p.cols / 4u;
  let row = group.y * 64u;
  let quad = group.x * 16u;
  // The part of the tile that this subgroup computes.
  let own_row = subgroup / 2u * 32u;
  let own_col = subgroup % 2u * 32u;
${each((i, j) => `  var c${i}_${j}: Result;`)}
  for (var k = 0u; k < p.inner; k += ${DEPTH}u) {
${load(kind, "x", x)}
${load(kind, "w", w)}
    workgroupBarrier();
    if (subgroup < ${MATRIX_SUBGROUPS}u) {
      for (var step = 0u; step < ${DEPTH}u; step += 8u) {
${lines(4, (i) => matrix("Left", `l${i}`, x, `own_row + ${8 * i}u`))}
${lines(4, (j) => matrix("Right", `r${j}`, w, `own_col + ${8 * j}u`))}
${each((i, j) => `        c${i}_${j} = subgroupMatrixMultiplyAccumulate(l${i}, r${j}, c${i}_${j});`)}
      }
    }
    workgroupBarrier();
  }
  // Workgroup memory holds half of the rows at a time.
  for (var first = 0u; first < 64u; first += 32u) {
    if (own_row == first) {
${
    each((i, j) => {
      const at = `${8 * i * WIDE}u + own_col + ${8 * j}u`;
      return `      subgroupMatrixStore<row_major>(&tile, ${at}, c${i}_${j}, ${WIDE}u);`;
    })
  }
    }
    workgroupBarrier();
    for (var i = thread; i < 32u * 16u; i += THREADS) {
      let line = row + first + i / 16u;
      let column = quad + i % 16u;
      if (line < p.rows && column < quads) {
        let held = i / 16u * ${WIDE}u + i % 16u * 4u;
        let at = (p.out_first + line * p.out_stride) / 4u + column;
        var value = vec4f(tile[held], tile[held + 1u], tile[held + 2u], tile[held + 3u]);
        if (p.has_bias != 0u) { value += bias[column]; }
        if (p.has_residual != 0u) { value += residual[line * quads + column]; }
        if (p.accumulate != 0u) { value += out[at]; }
        out[at] = value;
      }
    }
    workgroupBarrier();
  }
}
`;
}

/** One turn's part of an operand into workgroup memory, by quads in the layout of its buffer. */
function load(kind: Kind, name: "x" | "w", { innerInRows, start, stride }: Operand): string {
  const width = innerInRows ? 16 : DEPTH / 4; // quads a line
  const [outer, outers, quad, quads] = name === "x"
    ? ["row", "p.rows", "row / 4u", "p.rows / 4u"]
    : ["4u * quad", "p.cols", "quad", "quads"];
  const [line, end] = innerInRows ? ["k", "p.inner"] : [outer, outers];
  const [column, columns] = innerInRows ? [quad, quads] : ["k / 4u", "p.inner / 4u"];
  const begin = name === "x" ? "p.x_first / 4u + " : "";
  const bufferStride = name === "x" ? "p.x_stride / 4u" : kind === "nt" ? "p.inner / 4u" : "quads";
  return `    for (var i = thread; i < ${DEPTH * 16}u; i += THREADS) {
      let line = ${line} + i / ${width}u;
      let column = ${column} + i % ${width}u;
      let inside = line < ${end} && column < ${columns};
      let at = select(0u, ${begin}line * (${bufferStride}) + column, inside);
      stage(${start}u + i / ${width}u * ${stride}u + i % ${width}u * 4u, select(vec4f(), ${name}[at], inside));
    }`;
}

/** Loads the matrix of steps from `step` on and of rows or columns of `out` from `outer` on. */
function matrix(type: "Left" | "Right", name: string, operand: Operand, outer: string): string {
  const { innerInRows, start, stride } = operand;
  const at = innerInRows ? `step * ${stride}u + ${outer}` : `(${outer}) * ${stride}u + step`;
  const order = (type === "Left") === innerInRows ? "col_major" : "row_major";
  return `        let ${name} = subgroupMatrixLoad<${type}, ${order}>(&tile, ${start}u + ${at}, ${stride}u);`;
}
