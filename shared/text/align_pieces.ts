// A tokenizer may normalise a text before it cuts it (NFC: the ohm sign U+2126 becomes the omega U+03A9, and a letter
// with a combining accent one character). Its pieces are then not those of the text; here the text itself is cut where
// they end.

const FORMS = ["NFC", "NFKC", "NFD", "NFKD"] as const;

/**
 * The text, cut where the pieces of its normalised form end; a cut inside a character that normalising changed is left
 * out. Null when the pieces are no normalised form of the text.
 */
export function alignPieces(text: string, pieces: readonly string[]): string[] | null {
  const joined = pieces.join("");
  if (joined === text) return [...pieces];
  const clusters = Array.from(new Intl.Segmenter("und").segment(text), ({ segment }) => segment);
  const form = FORMS.find((each) => clusters.map((cluster) => cluster.normalize(each)).join("") === joined);
  if (form === undefined) return null;
  const original = new Map<number, number>(); // offset in the normalised text -> offset in the text
  let from = 0;
  let to = 0;
  for (const cluster of clusters) {
    const normal = cluster.normalize(form);
    if (normal === cluster) { for (let i = 1; i < cluster.length; i++) original.set(to + i, from + i); }
    original.set(to += normal.length, from += cluster.length);
  }
  const cut: string[] = [];
  let end = 0;
  let done = 0;
  for (const piece of pieces) {
    const at = original.get(end += piece.length);
    if (at === undefined || at === done) continue;
    cut.push(text.slice(done, done = at));
  }
  return cut;
}
