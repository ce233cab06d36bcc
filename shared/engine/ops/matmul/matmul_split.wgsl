// Part of matmul_split.ts, which explains the arithmetic and puts parameters and bindings in front. Four subgroups
// compute 64 x 64 elements of `out`, 32 x 32 each.
const THREADS = 128u; // four of the adapter's largest subgroups
const M = 16u; // a unit multiplies M x K by K x N
const N = 16u;
const K = 16u;
const X_DOWN = 0u; // 1 where the inner dimension of x runs over its rows, and so for w
const W_DOWN = 1u;
const W_SPLIT = 1u; // 0 where w has no more than 11 bits, and its low halves are 0

const SPAN = 128u; // steps of the inner dimension with the same scales, summed by the units
const DEPTH = 32u; // steps in workgroup memory
const HELD = 32u; // rows of `out` in workgroup memory
// Unused halves from one staged line to the next, which keep its elements in different banks.
const UNUSED = 8u;
const DOWN_STRIDE = 64u + UNUSED;
const ALONG_STRIDE = DEPTH + UNUSED;
const PART = max(64u * ALONG_STRIDE, DEPTH * DOWN_STRIDE);
const WIDE = 64u + 4u;
const ACROSS = 32u / N; // matrices side by side in what a subgroup computes
const MATRICES = 32u / M * ACROSS;
const QUADS = HELD * 16u / THREADS; // of a thread in the rows held

alias Left = subgroup_matrix_left<f16, K, M>;
alias Right = subgroup_matrix_right<f16, N, K>;
alias Result = subgroup_matrix_result<f32, N, M>;

// Of 64 rows of x and 64 columns of w: the bits of the largest number, and the power of two taken out of them.
var<workgroup> largest: array<atomic<u32>, 128>;
var<workgroup> exponents: array<i32, 128>;
var<workgroup> halves: array<f16, 4u * PART>; // x high, x low, w high, w low
var<workgroup> tile: array<f32, HELD * WIDE>;

fn runs_down(operand: u32) -> bool { return select(X_DOWN, W_DOWN, operand == 1u) == 1u; }

fn powers(exponents: vec4i) -> vec4f { return bitcast<vec4f>(vec4u(exponents + 127) << vec4u(23u)); }

/// A quad of x (operand 0) or w (1) in the layout of its buffer, 0 past an edge.
fn quad_at(operand: u32, line: u32, column: u32) -> vec4f {
  let outer = select(p.rows, p.cols, operand == 1u);
  let down = runs_down(operand);
  if (line >= select(outer, p.inner, down) || column >= select(p.inner, outer, down) / 4u) { return vec4f(); }
  if (operand == 1u) { return w[line * (select(p.inner, p.cols, down) / 4u) + column]; }
  return x[(p.x_first + line * p.x_stride) / 4u + column];
}

/// The largest numbers of `SPAN` steps from `k` on, by their bits: infinities and NaN are larger than all numbers.
fn measure(thread: u32, operand: u32, outer: u32, k: u32) {
  let quad = thread % 16u;
  if (runs_down(operand)) {
    var sizes = vec4u();
    for (var step = thread / 16u; step < SPAN; step += THREADS / 16u) {
      sizes = max(sizes, sizes_of(quad_at(operand, k + step, outer / 4u + quad)));
    }
    for (var i = 0u; i < 4u; i++) { atomicMax(&largest[64u * operand + 4u * quad + i], sizes[i]); }
  } else {
    for (var line = thread / 16u; line < 64u; line += THREADS / 16u) {
      var sizes = vec4u();
      for (var step = 4u * quad; step < SPAN; step += 64u) {
        sizes = max(sizes, sizes_of(quad_at(operand, outer + line, (k + step) / 4u)));
      }
      atomicMax(&largest[64u * operand + line], max(max(sizes.x, sizes.y), max(sizes.z, sizes.w)));
    }
  }
}

fn sizes_of(quad: vec4f) -> vec4u { return bitcast<vec4u>(quad) & vec4u(0x7fffffffu); }

/// `DEPTH` steps from `k` on, scaled and split, into workgroup memory in the layout of their buffer.
fn stage(thread: u32, operand: u32, outer: u32, k: u32) {
  let down = runs_down(operand);
  let line_quads = select(DEPTH / 4u, 16u, down);
  for (var i = thread; i < DEPTH * 16u; i += THREADS) {
    let line = i / line_quads;
    let quad = i % line_quads;
    let first = select(outer, k, down) + line;
    let own = 64u * operand + select(line, 4u * quad, down); // of the first number
    let next = select(0u, 1u, down);
    let own4 = vec4i(exponents[own], exponents[own + next], exponents[own + 2u * next], exponents[own + 3u * next]);
    let numbers = quad_at(operand, first, select(k, outer, down) / 4u + quad) * powers(-own4);
    // Rounded to 11 bits as an integer: the compiler of Mesa 25.0 and 26.2 takes `a` for f32(f16(a)), which would leave
    // no low half.
    let rounded = bitcast<vec4f>((bitcast<vec4u>(numbers) + vec4u(0x1000u)) & vec4u(0xffffe000u));
    let high = vec4h(rounded);
    let low = vec4h(numbers - rounded);
    let at = 2u * operand * PART + line * select(ALONG_STRIDE, DOWN_STRIDE, down) + 4u * quad;
    for (var c = 0u; c < 4u; c++) {
      halves[at + c] = high[c];
      halves[at + PART + c] = low[c];
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let row = group.y * 64u;
  let col = group.x * 64u;
  // The part of the tile that this subgroup computes; where subgroups are smaller, those past the fourth only help.
  let own_row = subgroup / 2u * 32u;
  let own_col = subgroup % 2u * 32u;
  var sums: array<vec4f, 64u / HELD * QUADS>;
  var small: array<vec4f, QUADS>;
  var high: array<Result, MATRICES>; // high x high
  var rest: array<Result, MATRICES>; // low x high + high x low
  for (var span = 0u; span < p.inner; span += SPAN) {
    measure(thread, 0u, row, span);
    measure(thread, 1u, col, span);
    workgroupBarrier();
    for (var i = thread; i < 128u; i += THREADS) {
      // The largest becomes less than 2^15, and a row of zeros or of less than 2^-112 is multiplied by 2^126.
      exponents[i] = i32(max(atomicLoad(&largest[i]) >> 23u, 15u)) - (127 + 14);
      atomicStore(&largest[i], 0u);
    }
    workgroupBarrier();
    for (var own = 0u; own < MATRICES; own++) {
      high[own] = Result();
      rest[own] = Result();
    }
    for (var k = span; k < min(span + SPAN, p.inner); k += DEPTH) {
      stage(thread, 0u, row, k);
      stage(thread, 1u, col, k);
      workgroupBarrier();
      if (subgroup < 4u) {
        for (var step = 0u; step < DEPTH; step += K) {
          for (var i = 0u; i < 32u / M; i++) {
            var left: Left;
            var left_low: Left;
            let outer = own_row + i * M;
            if (X_DOWN == 1u) {
              let at = step * DOWN_STRIDE + outer;
              left = subgroupMatrixLoad<Left, col_major>(&halves, at, DOWN_STRIDE);
              left_low = subgroupMatrixLoad<Left, col_major>(&halves, PART + at, DOWN_STRIDE);
            } else {
              let at = outer * ALONG_STRIDE + step;
              left = subgroupMatrixLoad<Left, row_major>(&halves, at, ALONG_STRIDE);
              left_low = subgroupMatrixLoad<Left, row_major>(&halves, PART + at, ALONG_STRIDE);
            }
            for (var j = 0u; j < ACROSS; j++) {
              var right: Right;
              var right_low: Right;
              let outer = own_col + j * N;
              if (W_DOWN == 1u) {
                let at = 2u * PART + step * DOWN_STRIDE + outer;
                right = subgroupMatrixLoad<Right, row_major>(&halves, at, DOWN_STRIDE);
                right_low = subgroupMatrixLoad<Right, row_major>(&halves, PART + at, DOWN_STRIDE);
              } else {
                let at = 2u * PART + outer * ALONG_STRIDE + step;
                right = subgroupMatrixLoad<Right, col_major>(&halves, at, ALONG_STRIDE);
                right_low = subgroupMatrixLoad<Right, col_major>(&halves, PART + at, ALONG_STRIDE);
              }
              let own = i * ACROSS + j;
              high[own] = subgroupMatrixMultiplyAccumulate(left, right, high[own]);
              rest[own] = subgroupMatrixMultiplyAccumulate(left_low, right, rest[own]);
              if (W_SPLIT == 1u) {
                rest[own] = subgroupMatrixMultiplyAccumulate(left, right_low, rest[own]);
              }
            }
          }
        }
      }
      workgroupBarrier();
    }
    // Sums leave the units through workgroup memory, some rows at a time: the small ones first.
    for (var turn = 0u; turn < 2u * 64u / HELD; turn++) {
      let held = turn / 2u;
      for (var own = 0u; own < MATRICES; own++) {
        let first = own_row + own / ACROSS * M;
        if (first / HELD == held) {
          let at = first % HELD * WIDE + own_col + own % ACROSS * N;
          if (turn % 2u == 0u) {
            subgroupMatrixStore<row_major>(&tile, at, rest[own], WIDE);
          } else {
            subgroupMatrixStore<row_major>(&tile, at, high[own], WIDE);
          }
        }
      }
      workgroupBarrier();
      for (var n = 0u; n < QUADS; n++) {
        let i = thread + n * THREADS;
        let at = i / 16u * WIDE + i % 16u * 4u;
        let part = vec4f(tile[at], tile[at + 1u], tile[at + 2u], tile[at + 3u]);
        if (turn % 2u == 0u) {
          small[n] = part;
        } else {
          let first = 64u + i % 16u * 4u;
          let cols = vec4i(exponents[first], exponents[first + 1u], exponents[first + 2u], exponents[first + 3u]);
          let exponent = vec4i(exponents[HELD * held + i / 16u]) + cols;
          // Half of it at a time: nothing on the way is out of range where the result is not.
          let about = exponent >> vec4u(1u);
          sums[held * QUADS + n] += (small[n] + part) * powers(about) * powers(exponent - about);
        }
      }
      workgroupBarrier();
    }
  }
  for (var n = 0u; n < 64u / HELD * QUADS; n++) {
    let i = thread + n % QUADS * THREADS;
    let line = row + n / QUADS * HELD + i / 16u;
    let column = col / 4u + i % 16u;
    if (line < p.rows && column < p.cols / 4u) {
      let at = (p.out_first + line * p.out_stride) / 4u + column;
      var value = sums[n];
      if (p.has_bias != 0u) { value += bias[column]; }
      if (p.has_residual != 0u) { value += residual[line * (p.cols / 4u) + column]; }
      if (p.accumulate != 0u) { value += out[at]; }
      out[at] = value;
    }
  }
}
