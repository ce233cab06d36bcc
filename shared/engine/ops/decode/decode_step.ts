// Launchers of decode_step.wgsl and pack_decode.wgsl, and the text of the former's products, which is the same few lines
// for each row: see matmul_subgroup.ts for the scheme.

import { SUBGROUPS } from "#shared/engine/gpu/kernel.ts";
import { type Binding, linearGrid, type Recorder } from "#shared/engine/gpu/recorder.ts";
import { textsBy, withConstants } from "#shared/engine/gpu/shader.ts";
import state from "./decode_state.wgsl" with { type: "text" };
import stepSource from "./decode_step.wgsl" with { type: "text" };
import packSource from "./pack_decode.wgsl" with { type: "text" };
import emitSource from "#shared/engine/ops/sampling/sample_emit.wgsl" with { type: "text" };
import raceSource from "#shared/engine/ops/sampling/sample_race.wgsl" with { type: "text" };
import { type Dtype, kernelReading } from "#shared/engine/ops/storage/dtype.ts";

const count = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (n: number, line: (i: number) => string) => count(n).map(line).join("\n");

type TileRows = 8 | 16;

/** Few rows are spread over more processors. */
function tileRows(rows: number): TileRows {
  return rows <= 16 ? 8 : 16;
}

/** The kernel for tiles of `rows` rows. */
const stepTexts = textsBy(stepText);

function stepText(rows: TileRows): string {
  const source = withConstants("decode_step", stepSource, { TILE: rows });
  return SUBGROUPS + state + raceSource + emitSource + source + productText(rows);
}

/**
 * The function `multiply` of decode_step.wgsl for tiles of `rows` rows. Of 16 rows a turn of the loop takes two blocks of
 * 32 columns and two steps of the inner dimension, of 8 rows one block and four steps: see matmul_subgroup.ts for why.
 */
function productText(rows: TileRows): string {
  const groups = rows / 8; // a lane holds x of every eighth row
  const panels = groups;
  const steps = 4 / panels;
  const x = (g: number, step: number) => panels === 1 ? `x${g}[${step}]` : `part${g}[${step}]`;
  return `
/** work[out] := work[x] w for the rows of a tile, by blocks of 32 columns: every lane a quad of each. */
fn multiply(m: Product, row: u32, end: u32, lane: u32) {
  let lanes = select(8u, 4u, m.kind == SWIGLU);
  for (var block = 0u; block * lanes < m.quads; block += ${panels}u) {
    var at = m.w + block * m.depth * 32u + lane;
${panels === 1 ? "" : "    let apart = select(0u, m.depth * 32u, (block + 1u) * lanes < m.quads);"}
${
    lines(groups, (g) =>
      `    var at_x${g} = min(row + ${8 * g}u + lane, end - 1u) * p.stride + m.x;
    var squares${g} = 0.0;
    var x${g} = vec4f();`)
  }
${lines(panels, (c) => lines(rows, (r) => `    var ${sum(c, r)} = vec4f();`))}
    for (var k = 0u; k < m.depth * ${panels}u; k++) {
      ${panels === 1 ? "{" : "if (k % 2u == 0u) {"}
${
    lines(groups, (g) =>
      `        x${g} = work[at_x${g}];
        at_x${g} += 1u;
        squares${g} += dot(x${g}, x${g});`)
  }
      }
${panels === 1 ? "" : lines(groups, (g) => `      let part${g} = select(x${g}.zw, x${g}.xy, k % 2u == 0u);`)}
${
    lines(panels, (c) =>
      lines(steps, (i) => `      let w${i}_${c} = weights[at + ${8 * i}u${c === 0 ? "" : " + apart"}];`))
  }
      at += ${8 * steps}u;
${
    lines(panels, (c) =>
      lines(rows, (r) => {
        const value = (i: number) => `vec4f(subgroupBroadcast(${x(r >> 3, i)}, ${r % 8}u))`;
        const all = count(steps).reduce((own, i) => `fma(${value(i)}, w${i}_${c}, ${own})`, sum(c, r));
        return `      ${sum(c, r)} = ${all};`;
      }))
  }
    }
${lines(panels, (c) => lines(groups, (g) => turn(count(8).map((r) => sum(c, 8 * g + r)))))}
${
    lines(groups, (g) =>
      `    let factor${g} = select(inverseSqrt(squares${g} / f32(4u * m.depth) + p.eps), 1.0, m.kind == RESIDUAL);`)
  }
    // They are stored by one piece of code, through which they pass: stores take the longest to compile.
    for (var panel = block; panel < block + min(${panels}u, p.lanes); panel++) {
    for (var c = 0u; c < min(lanes, p.lanes); c++) {
      let quad = panel * lanes + c;
      if (quad < m.quads) {
        var bias = vec4f();
        var up_bias = vec4f();
        if (m.bias != 0u) {
          bias = weights[m.bias + quad];
          if (m.kind == SWIGLU) { up_bias = weights[m.bias + m.quads + quad]; }
        }
${
    lines(groups, (g) =>
      `        if (row + ${8 * g}u + lane < end) {
          let to = (row + ${8 * g}u + lane) * p.stride + m.out + quad;
          var value = ${sum(0, 8 * g)} * factor${g} + bias;
          if (m.kind == RESIDUAL) { value += work[to]; }
          if (m.kind == SWIGLU) { value = value / (1.0 + exp(min(-value, vec4f(80.0)))) * (${
        sum(0, 8 * g + 4)
      } * factor${g} + up_bias); }
          work[to] = value;
        }`)
  }
      }
${lines(groups, (g) => lines(7, (r) => `      ${sum(0, 8 * g + r)} = ${sum(0, 8 * g + r + 1)};`))}
    }
${panels === 1 ? "" : lines(rows, (r) => `      ${sum(0, r)} = ${sum(1, r)};`)}
    }
  }
}
`;
}

/** The name of a lane's quad of panel c and row r. */
function sum(c: number, r: number): string {
  return `${"ab"[c]}${r}`;
}

/** Eight sums: from sum r of lane c to sum c of lane r. */
function turn(names: readonly string[]): string {
  return [1, 2, 4].flatMap((apart) =>
    count(8).filter((i) => (i & apart) === 0).map((i) => {
      const [low, high] = [names[i], names[i + apart]];
      const upper = `(lane & ${apart}u) != 0u`;
      return `    {
      let other = subgroupShuffleXor(select(${high}, ${low}, ${upper}), ${apart}u);
      ${low} = select(${low}, other, ${upper});
      ${high} = select(other, ${high}, ${upper});
    }`;
    })
  ).join("\n");
}

/** One product of a step. Places are quads: of a row of work, of the packed weights. */
export interface StepProduct {
  kind: "qkv" | "residual" | "swiglu" | "logits";
  w: number;
  /** Inner dimension and columns of the output, / 4. */
  depth: number;
  quads: number;
  x: number;
  out: number;
  /** 0 for none. */
  bias: number;
}

const KINDS = ["qkv", "residual", "swiglu", "logits"] as const;

/** The products as the kernel reads them. */
export function stepTable(products: readonly StepProduct[]): Uint32Array<ArrayBuffer> {
  return Uint32Array.from(products.flatMap(({ w, depth, quads, x, out, bias, kind }) => {
    return [w, depth, quads, x, out, bias, KINDS.indexOf(kind)];
  }));
}

export interface StepShape {
  rows: number;
  /** Products of the table: the first of all takes the embeddings, the last draws the tokens. */
  first: number;
  end: number;
  hidden: number;
  /** Quads of a row of work. */
  stride: number;
  eps: number;
  vocab: number;
  temperature: number;
  greedy: boolean;
  eosCount: number;
  /** This step within its block of `block` steps. */
  step: number;
  block: number;
  /** Numbers in the matrices of these products, for the profiler. */
  numbers: number;
}

/** The products [first, end) for every live row; see decode_step.wgsl for the buffers. Embeddings are of `dtype`. */
export function decodeStep(
  recorder: Recorder,
  buffers: {
    state: Binding;
    products: Binding;
    weights: Binding;
    embeddings: Binding;
    eos: Binding;
    work: Binding;
    next: Binding;
    emitted: Binding;
  },
  shape: StepShape,
  dtype: Dtype,
): void {
  const { rows } = shape;
  const tile = tileRows(rows);
  const label = `decode_step of ${tile} rows`;
  const kernel = kernelReading(recorder.gpu, label, stepTexts(tile), "embeddings", dtype);
  const params = {
    first: shape.first,
    end: shape.end,
    hidden: shape.hidden / 4,
    stride: shape.stride,
    lanes: 8,
    eps: shape.eps,
    vocab: shape.vocab,
    inverse_temperature: 1 / shape.temperature,
    greedy: shape.greedy ? 1 : 0,
    eos_count: shape.eosCount,
    step: shape.step,
    block: shape.block,
  };
  const work = { rows, cols: shape.numbers, inner: 1 }; // for the profiler
  recorder.dispatch(kernel, { ...params, ...work }, buffers, [Math.ceil(rows / tile)]);
}

type PackedMatrix = Pick<StepProduct, "kind" | "w" | "depth" | "quads">;

/** Lays the matrix of a product out in `out` as decode_step.wgsl takes it, every row times its number of `norm`. */
export function packForStep(
  recorder: Recorder,
  { w, norm, out }: { w: Binding; norm?: Binding | undefined; out: Binding },
  product: PackedMatrix,
  dtype: Dtype = "float32",
): void {
  const { kind, w: first, depth, quads } = product;
  const kernel = kernelReading(recorder.gpu, "pack_decode", packSource, "w", dtype);
  const params = {
    inner: depth * 4,
    quads,
    halves: kind === "swiglu" ? 2 : 1,
    first,
    has_norm: norm ? 1 : 0,
    transposed: kind === "logits" ? 1 : 0, // the head is (vocabulary, hidden)
  };
  recorder.dispatch(kernel, params, { w, norm: norm ?? w, out }, linearGrid(packedQuads(product), 64));
}

/** Quads that the matrix takes when packed. */
export function packedQuads({ kind, depth, quads }: Pick<PackedMatrix, "kind" | "depth" | "quads">): number {
  return Math.ceil(quads / (kind === "swiglu" ? 4 : 8)) * depth * 32;
}
