// Functions between integers, structures, relations, numbers, marks and names.

import type { Kind } from "./kind.ts";

export const mathematics: readonly Kind[] = [
  {
    kind: "expressions without a value",
    rows: [["1/0", ["1/0"], ["2/0", "0", "1"]], ["0/0", ["0/0"], ["7/0", "0"]]],
  },
  {
    kind: "functions that are constant between integers",
    rows: [
      ["\\lceil \\frac{n}{3} \\rceil", [
        "\\lfloor \\frac{n+2}{3} \\rfloor",
        "\\left\\lceil n/3 \\right\\rceil",
        "-\\lfloor -\\frac n3 \\rfloor",
      ], [
        "\\lfloor \\frac n3 \\rfloor + 1",
        "\\lfloor \\frac{n+1}{3} \\rfloor",
        "\\frac n3",
      ]],
      ["\\lfloor x \\rfloor", ["-\\lceil -x \\rceil", "\\lfloor x+1 \\rfloor - 1"], [
        "\\lceil x \\rceil - 1",
        "\\lceil x \\rceil",
        "x",
      ]],
      [
        "\\lfloor \\log_3 n \\rfloor + 1",
        ["\\lceil \\log_3(n+1) \\rceil", "\\lfloor \\log_3 (3n) \\rfloor"],
        ["\\lceil \\log_3 n \\rceil", "\\log_3 n + 1"],
      ],
      ["\\lfloor \\sqrt{n} \\rfloor", ["\\lceil \\sqrt{n+1} \\rceil - 1"], [
        "\\lceil \\sqrt n \\rceil",
        "\\lceil \\sqrt n \\rceil - 1",
      ]],
      ["\\lceil \\frac{m}{2} \\rceil + \\lfloor \\frac m2 \\rfloor", ["m"], [
        "m+1",
        "2\\lfloor \\frac m2 \\rfloor",
      ]],
      ["\\lfloor n/2 \\rfloor \\lceil n/2 \\rceil", ["\\lfloor n^2/4 \\rfloor"], [
        "\\lceil n^2/4 \\rceil",
        "n^2/4",
      ]],
      ["n \\bmod 2", ["\\frac{1-(-1)^n}{2}", "n - 2\\lfloor n/2 \\rfloor"], ["\\frac{1+(-1)^n}{2}", "n"]],
      ["\\max(a,b)", ["\\frac{a+b+|a-b|}{2}"], ["\\min(a,b)", "\\frac{a+b}{2}"]],
    ],
  },
  {
    kind: "alternating signs",
    rows: [
      ["(-3)^{n+1}", ["-3 \\cdot (-3)^n", "9 (-3)^{n-1}", "(-1)^{n+1} 3^{n+1}"], [
        "3^{n+1}",
        "(-3)^n",
        "-(3)^{n+1}",
      ]],
      ["\\frac{1-(-1)^n}{2}", ["\\frac{1+(-1)^{n+1}}{2}"], ["\\frac{1+(-1)^n}{2}", "0", "1"]],
      ["(-1)^{k}", ["(-1)^{k+2}", "(-1)^{-k}", "\\cos(k\\pi)", "\\frac{1}{(-1)^k}"], [
        "(-1)^{k+1}",
        "1",
        "-1",
      ]],
      ["\\frac{3^n + (-1)^n}{2}", ["\\frac{3^n - (-1)^{n+1}}{2}"], [
        "\\frac{3^n-(-1)^n}{2}",
        "\\frac{3^n+1}{2}",
      ]],
      ["\\left(-\\frac13\\right)^{n}", ["\\frac{(-1)^n}{3^n}", "(-3)^{-n}"], [
        "\\frac{1}{3^n}",
        "-\\frac{1}{3^n}",
      ]],
    ],
  },
  {
    kind: "intervals, roots, lists and tuples",
    rows: [
      ["(-2,5)", ["-2 < x < 5", "x \\in (-2,5)", "]-2,5["], [
        "x=-2, x=5",
        "x = -2 \\text{ or } x = 5",
        "[-2,5]",
        "-2 \\text{ or } 5",
      ]],
      ["[0,4]", ["0 \\le x \\le 4"], ["x=0, x=4", "x=0 \\text{ or } x=4", "(0,4)", "]0,4["]],
      ["x=1 \\text{ or } x=6", ["x=1, x=6", "\\{1,6\\}", "1, 6", "6 \\text{ or } 1", "x = 6, 1"], [
        "[1,6]",
        "(1,6)",
        "x=1",
        "1 < x < 6",
      ]],
      ["[2,7)", ["[2,7[", "2 \\le t < 7"], ["(2,7]", "]2,7["]],
      ["1; 4", ["1, 4", "1; 4"], ["4, 1"]],
      ["x<2 \\text{ or } x>5", ["(-\\infty,2)\\cup(5,\\infty)", "x > 5 \\text{ or } x < 2"], [
        "x<2 \\text{ and } x>5",
        "2<x<5",
        "\\emptyset",
      ]],
      ["a \\lor b", ["a \\lor b", "b \\lor a"], ["a \\land b"]],
      ["x \\ge 1 \\text{ and } x \\le 3", ["[1,3]", "1 \\le x \\le 3"], ["x \\ge 1 \\text{ or } x \\le 3"]],
    ],
  },
  {
    kind: "plus-minus",
    rows: [
      ["\\pm 2 \\pm \\sqrt{3}", ["2+\\sqrt3, 2-\\sqrt3, -2+\\sqrt3, -2-\\sqrt3"], [
        "2+\\sqrt3, -2-\\sqrt3",
        "\\pm(2+\\sqrt3)",
        "2 \\pm \\sqrt 3",
      ]],
      ["\\pm(1+\\sqrt 2)", ["1+\\sqrt2, -1-\\sqrt2"], ["\\pm 1 \\pm \\sqrt2", "1 \\pm \\sqrt2"]],
      ["3 \\pm \\sqrt 7", ["3+\\sqrt7, 3-\\sqrt7", "\\{3-\\sqrt7, 3+\\sqrt7\\}"], [
        "\\pm 3 + \\sqrt7",
        "3+\\sqrt7",
      ]],
      ["x = \\pm 4", ["x=4, x=-4", "4, -4", "x = 4 \\text{ or } x = -4"], ["4", "x=4"]],
      ["\\pm a \\mp b", ["a-b, -a+b"], ["a+b, -a-b", "\\pm a \\pm b"]],
    ],
  },
  {
    kind: "labelled values and systems",
    rows: [
      ["x=3, y=4", [
        "\\begin{cases} x=3 \\\\ y=4 \\end{cases}",
        "(3,4)",
        "y=4, x=3",
        "\\left\\{\\begin{array}{l} x=3 \\\\ y=4 \\end{array}\\right.",
        "x=3 \\text{ and } y=4",
      ], [
        "x=4, y=3",
        "(4,3)",
        "\\begin{cases} x=4 \\\\ y=3 \\end{cases}",
        "y=3, x=4",
        "x=3",
      ]],
      ["\\begin{cases} a = 1 \\\\ b = 2 \\end{cases}", ["a=1, b=2", "(1,2)", "b=2, a=1"], [
        "a=2, b=1",
        "(2,1)",
      ]],
      ["\\left\\{\\begin{aligned} x &= 5 \\\\ y &= -1 \\end{aligned}\\right.", ["(5,-1)", "x=5, y=-1"], [
        "(-1,5)",
      ]],
      ["(a) 7, (b) 9", ["7, 9", "(a) 7, (b) 9", "\\text{(a) } 7, \\text{(b) } 9", "(a) 7; (b) 9"], [
        "9, 7",
        "(a) 9, (b) 7",
        "7",
      ]],
      ["(i) 2, (ii) 5", ["2, 5", "(i) 2, (ii) 5"], ["(i) 5, (ii) 2", "5, 2"]],
      ["m=2, n=2", ["m=n=2", "(2,2)"], ["m=2", "m=n=3"]],
      ["x_1=4, x_2=7", ["x=4 \\text{ or } x=7", "x=7, x=4", "x_1=4, x_2=7"], ["x=4", "x_1=4, x_2=8"]],
      ["(1)(4)", ["(1)(4)", "\u2460\u2463", "(1), (4)"], ["4", "5", "(1)(3)", "(4)"]],
      ["(1)(2)(6)", [], ["12", "(1)(2)"]],
    ],
  },
  {
    kind: "long lists",
    rows: [
      [Array.from({ length: 24 }, (_, i) => `\\frac{${2 * i + 1}\\pi}{30}`).join(", "), [
        Array.from({ length: 24 }, (_, i) => `\\frac{${47 - 2 * i}\\pi}{30}`).join(", "),
        `\\{${Array.from({ length: 24 }, (_, i) => `\\frac{${47 - 2 * i}}{30}\\pi`).join(", ")}\\}`,
      ], [Array.from({ length: 24 }, (_, i) => `\\frac{${49 - 2 * i}\\pi}{30}`).join(", ")]],
      [Array.from({ length: 50 }, (_, i) => `${i * i}`).join(", "), [
        Array.from({ length: 50 }, (_, i) => `${(49 - i) ** 2}`).join(", "),
      ], [
        Array.from({ length: 50 }, (_, i) => `${(49 - i) ** 2 + (i === 7 ? 1 : 0)}`).join(", "),
      ]],
      [Array.from({ length: 30 }, (_, i) => `\\sqrt{${i + 2}}`).join(", "), [
        Array.from({ length: 30 }, (_, i) => `\\sqrt{${31 - i}}`).join(", "),
      ], []],
      [Array.from({ length: 20 }, (_, i) => `(${i}, ${i + 3})`).join(", "), [
        Array.from({ length: 20 }, (_, i) => `(${19 - i}, ${22 - i})`).join(", "),
      ], []],
    ],
  },
  {
    kind: "a value behind its equation",
    rows: [
      ["4", ["a+b=4"], ["x^2+y^2=4", "x^2-y=4", "x-y=4", "2x=4"]],
      ["0", [], ["x+y=0", "y'+y=0", "x^2+y=0"]],
      ["31", ["m+n=31", "p+q+r = 31", "say:The answer is $m+n=31$.", "a+b = 31", "100a+b = 31"], [
        "m+n=30",
        "2x=31",
        "x^2 = 31",
        "3x+1 = 31",
      ]],
      ["2", ["\\lim_{x \\to 0} \\frac{\\sin 2x}{x} = 2", "\\int_0^2 x\\,dx = 2", "\\sum_{k=1}^{2} 1 = 2"], [
        "\\lim_{x \\to 0} \\frac{\\sin 2x}{x} = 3",
      ]],
      ["\\frac14", ["\\int_0^1 x^3 \\, dx = \\frac14"], ["\\int_0^1 x^2\\,dx = \\frac13"]],
    ],
  },
  {
    kind: "bases",
    rows: [
      ["1202_3", ["1202_3", "1202_{3}", "1202_{(3)}", "(1202)_3", "1202"], [
        "47",
        "1202_4",
        "1201_3",
        "101111_2",
      ]],
      ["2F_{16}", ["2f_{16}", "2F_{16}", "\\text{2F}_{16}", "2F_{(16)}"], ["47", "2E_{16}", "57_8"]],
      ["13", ["1101_2", "15_8", "13_{10}"], ["13_8", "1100_2"]],
      ["110101", ["110101_2", "110101"], ["110101_3", "110100_2", "53"]],
      ["52_7", [], ["527", "37"]],
    ],
  },
  {
    kind: "congruences",
    rows: [
      ["f(x) = 3", [], ["x \\equiv 3 \\pmod{7}"]],
      ["x \\equiv 4 \\pmod{9}", [
        "x \\equiv 13 \\pmod 9",
        "x \\equiv 4 \\pmod 9",
        "x \\equiv -5 \\pmod{9}",
        "x \\equiv 4 \\ (\\text{mod } 9)",
        "x \\equiv 4 \\mod 9",
      ], [
        "x \\equiv 4 \\pmod{8}",
        "x \\equiv 5 \\pmod 9",
        "x = 13 \\pmod{8}",
      ]],
      ["3", ["x \\equiv 3 \\pmod 5"], [
        "x \\equiv 3 \\pmod 5 \\text{ and } x \\equiv 1 \\pmod 4",
        "x \\equiv 2 \\pmod 5",
      ]],
    ],
  },
  {
    kind: "double factorials, superscripts and numbers as they are written",
    rows: [
      ["7!!", ["105", "7!!", "105"], ["5040", "(7!)!", "7!"]],
      ["(2n-1)!!", ["\\frac{(2n)!}{2^n n!}", "(2n-1)!!"], ["(2n-1)!", "\\frac{(2n)!}{n!}", "(2n)!!"]],
      ["6.02 \\times 10^{23}", ["6.02 x 10^{23}", "6.02e23", "6.02 \\cdot 10^{23}"], [
        "6.02 x 10^{22}",
        "6.02",
      ]],
      ["\\frac{2}{3}", ["0.666\\ldots", "0.\\overline{6}", "0.(6)", "0.6666..."], ["0.6", "0.66"]],
      ["\\frac{4}{33}", ["0.1212\\ldots", "0.\\overline{12}", "0.(12)"], ["0.12"]],
      ["3.75", ["\\approx 3.75", "3.75", "\\frac{15}{4}"], ["\\approx 3.8"]],
      ["\\approx 6.40 \\mathrm{m}", ["6.40", "6.40 \\text{ m}", "\\approx 6.40"], ["6.50"]],
      ["1000", ["1,000", "1{,}000", "1 000"], ["\\{1,0\\}", "1, 0", "(1, 000)"]],
      ["4,050", ["4050"], ["4, 50", "{4, 50}"]],
      ["5", [], ["5^{\\text{x}}", "5'", "5^{\\text{y}}", "5!!"]],
      ["y^3", ["y^{3}"], ["y^{3'}", "y^{\\text{3a}}"]],
      ["5^{\\text{th}}", ["5", "5^{\\text{th}}", "5th"], ["6th"]],
      ["0.75 R", ["\\frac34 R"], ["0.75"]],
      ["5 \\text{ remainder } 2", ["5 R 2", "5 \\text{ remainder } 2", "5 \\text{ R } 2"], [
        "5",
        "2",
        "2 \\text{ remainder } 5",
        "5 \\text{ remainder } 3",
        "10",
      ]],
    ],
  },
  {
    kind: "arrows and relations",
    rows: [
      ["P \\Rightarrow Q", ["P \\implies Q"], ["Q \\Rightarrow P", "P = Q", "P \\iff Q"]],
      ["x \\mapsto 2x", ["x \\mapsto 2x"], ["2x \\mapsto x"]],
      ["u \\sim v", ["u \\sim v", "v \\sim u"], ["u = v", "u \\cong v"]],
      ["P \\iff Q", ["Q \\iff P"], ["P \\Rightarrow Q"]],
      ["9", ["3x = 27 \\Rightarrow x = 9", "x \\to 9"], ["x = 9 \\Rightarrow x = 8"]],
      ["a \\parallel b", ["a \\parallel b"], ["a \\perp b"]],
      ["x \\ne 3", ["x \\neq 3"], ["x = 3"]],
      ["A \\subset B", ["A \\subset B", "B \\supset A"], ["B \\subset A", "A = B"]],
    ],
  },
  {
    kind: "marks on letters",
    rows: [
      ["\\hat{q}", ["\\hat{q}", "\\hat q"], ["q", "\\bar{q}", "\\tilde q"]],
      ["\\bar{x}", ["\\bar x"], ["x", "\\hat x"]],
      ["(x^3+x)'", ["(x^3+x)'", "(x + x^3)'"], ["x^3+x"]],
      ["f''(x) = 2", ["f''(x)=2"], ["f'(x)=2", "f(x)=2"]],
      ["\\zeta(5)", ["\\zeta(5)", "\\zeta\\left(5\\right)"], ["5\\zeta", "\\zeta(3)"]],
      ["\\operatorname{erf}(2)", ["\\text{erf}(2)", "\\mathrm{erf}(2)"], ["2", "\\operatorname{erfc}(2)"]],
      ["\\Gamma(\\frac13)", ["\\Gamma(1/3)"], ["\\frac{\\Gamma}{3}", "\\Gamma(\\frac23)"]],
      ["{h}_{n} - 1", ["h_n - 1", "h_{n}-1"], ["h_{n-1}"]],
      ["b_{ij}", ["b_{i,j}", "b_{i j}"], ["b_{ji}", "b_i"]],
      ["C_{9}^{4}", ["\\binom{9}{4}", "126"], ["\\binom{9}{3}", "9^4"]],
      ["\\vec{v}", ["\\mathbf{v}", "v"], ["w"]],
      ["C_{n}^{2}", ["\\frac{n(n-1)}{2}", "\\binom n2"], ["n(n-1)"]],
    ],
  },
  {
    kind: "domains and names of parameters",
    rows: [
      ["2k\\pi, k \\in \\mathbb{Z}", [
        "2n\\pi, n \\in \\mathbb{Z}",
        "2k\\pi, k \\in \\mathbb{Z}",
        "2\\pi k",
        "-2k\\pi, k\\in\\mathbb{Z}",
      ], ["2k\\pi, k \\in \\mathbb{N}", "k\\pi, k \\in \\mathbb{Z}"]],
      ["x = \\frac{\\pi}{3} + k\\pi, k \\in \\mathbb{Z}", [
        "x = \\frac{\\pi}{3} + n\\pi, n\\in\\mathbb Z",
        "x = \\frac{4\\pi}{3} + k\\pi, k \\in \\mathbb{Z}",
        "x = \\frac{\\pi}{3} - k\\pi, k \\in \\mathbb{Z}",
      ], [
        "x = \\frac{\\pi}{6} + k\\pi, k \\in \\mathbb{Z}",
        "x = \\frac{\\pi}{3} + 2k\\pi, k \\in \\mathbb{Z}",
      ]],
      ["n = 6k + 1", ["n = 6m+1", "n=6k-5", "n = 6t+1", "6k+1"], ["n = 6k-1", "n = 3k+1", "n=6k"]],
      ["\\sin x + C", ["\\sin x + c", "\\sin x + C", "\\sin x + K"], [
        "\\sin x",
        "\\cos x + C",
        "-\\sin x + C",
      ]],
      ["F(x) = x^2 + c", ["F(x)=x^2+C", "x^2 + c", "F(x) = x^2 + k"], [
        "F(x)=x^2",
        "F(x) = x + c",
        "F(x) = cx^2",
      ]],
      ["y = Ce^{2x}", ["y = ce^{2x}", "y=Ce^{2x}"], ["y=e^{2x}", "y = Ce^{x}"]],
      ["xy", [], ["xz", "ab"]],
    ],
  },
  {
    kind: "notation",
    rows: [
      ["(1,6)", ["]1,6["], ["[1,6]"]],
      ["\\langle 5, -2 \\rangle", ["5\\mathbf{i} - 2\\mathbf{j}", "5\\hat{i} - 2\\hat{j}", "(5,-2)"], [
        "5\\mathbf{i}+2\\mathbf{j}",
        "-2\\mathbf i + 5\\mathbf j",
        "3",
      ]],
      ["\\begin{pmatrix} 1 \\\\ 5 \\end{pmatrix}", [
        "\\begin{pmatrix} 1 & 5 \\end{pmatrix}^T",
        "\\begin{bmatrix}1\\\\5\\end{bmatrix}",
        "\\begin{pmatrix} 1 & 5 \\end{pmatrix}^{\\top}",
      ], ["\\begin{pmatrix} 1 & 5 \\end{pmatrix}", "\\begin{pmatrix}5\\\\1\\end{pmatrix}"]],
      ["5\\sqrt{3}", ["5sqrt(3)", "5*sqrt(3)", "5\\sqrt3", "5\\sqrt{3}"], [
        "5\\sqrt{2}",
      ]],
      ["\\frac{7}{12} \\# \\# 0.58333", ["\\frac{7}{12}"], ["\\frac{7}{13}"]],
      ["[[2, 0], [1, 1]]", ["\\begin{pmatrix}2&0\\\\1&1\\end{pmatrix}"], [
        "\\begin{pmatrix}2&1\\\\0&1\\end{pmatrix}",
      ]],
      ["3-4i", ["3 + -4i", "3.0 - 4.0i", "-4i+3"], ["3+4i", "4-3i"]],
      ["x^2 - 1", ["say:**x^2 - 1**", "(x-1)(x+1)"], ["x^2+1"]],
      ["30\\%", ["30%", "say:The rate is 30%.", "\\text{30 percent}", "0.3"], ["3\\%", "0.03"]],
      ["0.25", ["25\\%", "\\frac14"], ["0.25\\%", "2.5\\%"]],
    ],
  },
];
