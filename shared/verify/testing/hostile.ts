// Inputs that have stalled, crashed or fooled graders, built by programs. Tests and measurements only.

/** One hostile input: the gold and the completion. */
export type Hostile = { name: string; gold: string; completion: string };

const box = (text: string): string => `\\boxed{${text}}`;
const nested = (open: string, inner: string, close: string, n: number): string =>
  open.repeat(n) + inner + close.repeat(n);

/** All hostile inputs; large ones are built on the call. */
export function hostileInputs(): Hostile[] {
  const inputs: [string, string, string?][] = [
    ["1 MB of opening braces", "{".repeat(1 << 20)],
    ["1 MB of braces below the limit", "{".repeat(999_999)],
    ["1 MB of closing braces", "}".repeat(999_999)],
    ["boxes without end", "\\boxed{".repeat(140_000)],
    ["boxes in boxes", nested("\\boxed{", "42", "}", 100_000)],
    ["dollars", "$".repeat(999_999)],
    ["formula openers", "\\(".repeat(499_999)],
    ["anchors", "answer is ".repeat(99_000)],
    ["backslashes", "\\".repeat(999_999)],
    ["spaces", " ".repeat(999_999)],
    ["ones and spaces", "1 ".repeat(20_000)],
    ["many ones and spaces", "1 ".repeat(499_000)],
    ["dots", ".".repeat(999_999)],
    ["thousands without end", "1" + ",000".repeat(200_000)],
    ["a power tower of tens", box("10^{10^{10}}"), "100"],
    ["10^10^10 twice", box("10^{10^{10}}"), "100^{5\\cdot10^{9}}"],
    ["9^9^9", box("9^{9^9}"), "1"],
    ["a high tower", box(nested("9^{", "9", "}", 60)), "1"],
    ["towers against towers", box(nested("9^{", "9", "}", 12)), nested("3^{", "9", "}", 12)],
    ["towers beyond nesting", box(nested("9^{", "9", "}", 500)), "1"],
    ["a flat tower", box("2^".repeat(200) + "2"), "1"],
    ["a large factorial", box("10000000!"), "1"],
    ["factorials of factorials", box("9" + "!".repeat(60)), "1"],
    ["a long sum", box("\\sum_{k=1}^{10^7} k^k"), "1"],
    ["a double sum", box("\\sum_{i=1}^{4000}\\sum_{j=1}^{4000} ij"), "1"],
    ["a sum of sines", box("\\sum_{k=1}^{4000} \\sin k"), "1"],
    ["a large binomial", box("\\binom{10000000}{5000000}"), "1"],
    ["a huge power of x", box("x^{1000000}"), "x^{999999}"],
    ["an expanded power", box("(x+y+z)^{60}"), "(z+y+x)^{60}"],
    ["100,000 digits", box("7".repeat(100_000)), "7"],
    ["100,000 digits on both sides", "7".repeat(100_000), "7".repeat(100_000)],
    ["500 digits", box("7".repeat(500)), "8".repeat(500)],
    ["a tiny number", box("1e-4000"), "2e-4000"],
    ["a large exponent", box("1e999999999"), "1"],
    ["500 parentheses", box(nested("(", "1", ")", 500)), "1"],
    ["60 parentheses", box(nested("(", "1", ")", 60)), "1"],
    ["200 fractions", box(nested("\\frac{1}{", "2", "}", 200)), "1"],
    ["50 fractions", box(nested("\\frac{1}{1+", "x", "}", 50)), "x"],
    ["60 roots", box(nested("\\sqrt{1+", "x", "}", 60)), "x"],
    ["roots of sines", box(nested("\\sin{", "x", "}", 55)), nested("\\cos{", "x", "}", 55)],
    ["minus signs", box("-".repeat(4000) + "1"), "1"],
    ["bars", box("|".repeat(2000) + "x"), "1"],
    ["many terms", box(Array.from({ length: 900 }, (_, i) => `x_{${i}}`).join("+")), "1"],
    [
      "many elements",
      box(Array.from({ length: 900 }, (_, i) => i).join(", ")),
      Array.from({ length: 900 }, (_, i) => 899 - i).join(", "),
    ],
    [
      "many irrational elements",
      box(Array.from({ length: 90 }, (_, i) => `\\sqrt{${i + 2}}`).join(", ")),
      Array.from({ length: 90 }, (_, i) => `\\sqrt{${91 - i}}`).join(", "),
    ],
    ["plus-minus signs", box("1" + "\\pm 1".repeat(300)), "1"],
    ["intervals", box(Array.from({ length: 400 }, (_, i) => `(${i},${i + 1})`).join("\\cup")), "(0,1)"],
    [
      "a large matrix",
      box(
        "\\begin{pmatrix}" + Array.from({ length: 30 }, () => Array(30).fill("x").join("&")).join("\\\\") +
          "\\end{pmatrix}",
      ),
      "1",
    ],
    [
      "a matrix to a power",
      box("\\begin{pmatrix}1&x\\\\y&1\\end{pmatrix}^8"),
      "\\begin{pmatrix}1&x\\\\y&2\\end{pmatrix}",
    ],
    ["lone surrogates", "\\boxed{\ud800\udfff\udc00}".repeat(100)],
    ["a surrogate in the gold", "\\boxed{1}", "\ud800"],
    ["NUL and controls", "\\boxed{\0\u0001\u001b42}"],
    ["bidirectional marks", "\\boxed{\u202e24\u202c}"],
    ["combining marks", "\\boxed{4" + "\u0301".repeat(3000) + "2}"],
    ["names of Object.prototype", box("\\constructor + __proto__ + \\toString"), "constructor"],
    ["a subscript chain", box("x" + "_{x".repeat(300) + "}".repeat(300)), "x"],
    ["text groups", box("\\text{".repeat(600) + "}".repeat(600)), "x"],
    ["answer tags", "<answer>".repeat(120_000)],
    ["think tags", "<think>".repeat(140_000)],
    ["a very long line after the anchor", "the answer is " + "a".repeat(900_000)],
    ["commas", box(",".repeat(4000)), "1"],
    ["percent signs", box("5" + "\\%".repeat(90)), "5"],
    ["decimal repeating long", box("0.\\overline{" + "3".repeat(60) + "}"), "1/3"],
    ["units", box("5 " + "cm ".repeat(1000)), "5"],
  ];
  return inputs.map(([name, completion, gold]) => ({ name, gold: gold ?? "42", completion }));
}
