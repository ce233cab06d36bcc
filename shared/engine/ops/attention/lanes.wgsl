// Put in front of the attention kernels for subgroups of 8 lanes: what 8 lanes hold of 8 rows, seen by each of them.
struct Eight {
  low: vec4f,
  high: vec4f,
}
struct EightRows {
  r0: vec4f,
  r1: vec4f,
  r2: vec4f,
  r3: vec4f,
  r4: vec4f,
  r5: vec4f,
  r6: vec4f,
  r7: vec4f,
}
struct EightFlags {
  low: vec4<bool>,
  high: vec4<bool>,
}

/** A quad of the row that each lane has. */
fn rows_of(x: vec4f) -> EightRows {
  return EightRows(
    subgroupBroadcast(x, 0u),
    subgroupBroadcast(x, 1u),
    subgroupBroadcast(x, 2u),
    subgroupBroadcast(x, 3u),
    subgroupBroadcast(x, 4u),
    subgroupBroadcast(x, 5u),
    subgroupBroadcast(x, 6u),
    subgroupBroadcast(x, 7u),
  );
}

/** The number that each lane has. */
fn numbers_of(x: f32) -> Eight {
  return Eight(
    vec4f(subgroupBroadcast(x, 0u), subgroupBroadcast(x, 1u), subgroupBroadcast(x, 2u), subgroupBroadcast(x, 3u)),
    vec4f(subgroupBroadcast(x, 4u), subgroupBroadcast(x, 5u), subgroupBroadcast(x, 6u), subgroupBroadcast(x, 7u)),
  );
}

/** acc + x . row of each row. */
fn dots(acc: Eight, x: vec4f, r: EightRows) -> Eight {
  return Eight(
    fma(vec4f(x.x), vec4f(r.r0.x, r.r1.x, r.r2.x, r.r3.x), fma(vec4f(x.y), vec4f(r.r0.y, r.r1.y, r.r2.y, r.r3.y),
      fma(vec4f(x.z), vec4f(r.r0.z, r.r1.z, r.r2.z, r.r3.z), fma(vec4f(x.w), vec4f(r.r0.w, r.r1.w, r.r2.w, r.r3.w), acc.low)))),
    fma(vec4f(x.x), vec4f(r.r4.x, r.r5.x, r.r6.x, r.r7.x), fma(vec4f(x.y), vec4f(r.r4.y, r.r5.y, r.r6.y, r.r7.y),
      fma(vec4f(x.z), vec4f(r.r4.z, r.r5.z, r.r6.z, r.r7.z), fma(vec4f(x.w), vec4f(r.r4.w, r.r5.w, r.r6.w, r.r7.w), acc.high)))),
  );
}

/** acc + the sum of the rows times their weights. */
fn weighted(acc: vec4f, w: Eight, r: EightRows) -> vec4f {
  let low = fma(vec4f(w.low.x), r.r0, fma(vec4f(w.low.y), r.r1, fma(vec4f(w.low.z), r.r2, fma(vec4f(w.low.w), r.r3, acc))));
  return fma(vec4f(w.high.x), r.r4, fma(vec4f(w.high.y), r.r5, fma(vec4f(w.high.z), r.r6, fma(vec4f(w.high.w), r.r7, low))));
}

/** Which of the 8 indices from `first` on are before `limit`. */
fn before(first: u32, limit: u32) -> EightFlags {
  let low = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  return EightFlags(low < vec4u(limit), low + 4u < vec4u(limit));
}

/** Which of the 8 indices from `first` on are in from .. limit - 1. */
fn within(first: u32, start: u32, limit: u32) -> EightFlags {
  let low = vec4u(first) + vec4u(0u, 1u, 2u, 3u);
  let high = low + 4u;
  return EightFlags((low >= vec4u(start)) & (low < vec4u(limit)), (high >= vec4u(start)) & (high < vec4u(limit)));
}

fn where_eight(flags: EightFlags, x: Eight, other: f32) -> Eight {
  return Eight(select(vec4f(other), x.low, flags.low), select(vec4f(other), x.high, flags.high));
}

/** e to the power of each number less `least`. */
fn exp_eight(x: Eight, least: f32) -> Eight { return Eight(exp(x.low - least), exp(x.high - least)); }

fn largest(x: Eight) -> f32 {
  let top = max(x.low, x.high);
  return max(max(top.x, top.y), max(top.z, top.w));
}

fn all_of(x: Eight) -> f32 {
  let sum = x.low + x.high;
  return sum.x + sum.y + sum.z + sum.w;
}
