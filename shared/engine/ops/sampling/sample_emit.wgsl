// Put in front of kernels that end a row's step. Their Params have eos_count, step and block, and they bind state, eos,
// next and emitted.
const FINISHED = 0xffffffffu;

/** Notes the token drawn for a row and its log-probability, and whether the row continues. */
fn emit(row: u32, token: u32, log_prob: f32) {
  let r = state.rows[row];
  emitted[r.slot * p.block + p.step] = vec2u(token, bitcast<u32>(log_prob));
  var finished = r.position + 1u == r.end;
  for (var i = 0u; i < p.eos_count; i++) { finished = finished || token == eos[i]; }
  next[row] = select(token, FINISHED, finished);
}
