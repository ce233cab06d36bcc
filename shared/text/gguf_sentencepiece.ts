// A SentencePiece tokenizer of GGUF's metadata ("llama") as the parts of tokenizer.json: BPE that joins the pair with the
// best score first, whose unknown characters are bytes. As transformers 5.24 reads it (gguf_tokenizer_mapping.py,
// generate_merges of tokenization_utils_base.py).

export interface SentencePieces {
  tokens: readonly string[];
  scores: readonly number[];
  /** Joins in order, where the file has them; otherwise they follow from the scores. */
  merges: readonly string[] | undefined;
  /** Whether a text begins with a space that it does not show. */
  addSpacePrefix: boolean;
}

const SPACE = "\u2581";

export function sentencePieceParts({ tokens, scores, merges, addSpacePrefix }: SentencePieces) {
  const vocab = new Map(tokens.map((token, id) => [token, id]));
  return {
    normalizer: null,
    pre_tokenizer: {
      type: "Metaspace",
      replacement: SPACE,
      prepend_scheme: addSpacePrefix ? "first" : "never",
      split: false,
    },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: SPACE }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(addSpacePrefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: "BPE",
      unk_token: null,
      fuse_unk: true,
      byte_fallback: true,
      vocab: Object.fromEntries(vocab),
      merges: merges?.map((merge) => merge.split(" ")) ?? mergesOf(vocab, scores),
    },
  };
}

/** Every way in which a token is two others, the tokens of the best score first, then the longest left parts. */
function mergesOf(vocab: ReadonlyMap<string, number>, scores: readonly number[]): [string, string][] {
  const found = [...vocab].flatMap(([token, id]) => {
    const characters = [...token];
    return characters.slice(1).flatMap((_, i) => {
      const [left, right] = [characters.slice(0, i + 1), characters.slice(i + 1)];
      const pair: [string, string] = [left.join(""), right.join("")];
      const ids = pair.map((part) => vocab.get(part));
      const lengths = [left.length, right.length];
      return ids.includes(undefined) ? [] : [{ pair, ids: ids as number[], score: scores[id]!, lengths }];
    }).sort((a, b) => a.ids[0]! - b.ids[0]! || a.ids[1]! - b.ids[1]!);
  });
  found.sort((a, b) => b.score - a.score || b.lengths[0]! - a.lengths[0]! || b.lengths[1]! - a.lengths[1]!);
  return found.map(({ pair }) => pair);
}
