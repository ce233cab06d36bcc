// Put in front of every decode kernel: the rows being generated, kept on the GPU between tokens. Live rows
// come first; kernels are dispatched for all and the rest return at once.
struct Row {
  token: u32, // fed in this step
  position: u32, // of that token in its sequence
  prompt_start: u32, // first token of the prompt in the key-value pool
  prompt_tokens: u32, // tokens of the prompt in the pool: all but the last, which is the first token fed
  own_start: u32, // first token in the pool of what this row has been fed
  end: u32, // the row is finished once the sampled token has this position
  slot: u32, // where the row's samples go
  key_a: u32, // of the random numbers
  key_b: u32,
}
struct State {
  live: u32,
  rows: array<Row>,
}
