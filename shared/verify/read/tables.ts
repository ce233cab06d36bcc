// What the commands, characters and words of an answer mean, as tables.

import type { RelationOp } from "../tree/node.ts";

const words = (text: string): string[] => text.split(" ");

/** Commands and characters that only change how something looks. */
export const invisible = new Set(words(
  "left right big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr middle displaystyle textstyle limits nolimits " +
    "scriptstyle ! , ; : > quad qquad thinspace medspace enspace hfill hline boxed fbox rm bf it sf tt large Large normalsize " +
    "scriptscriptstyle mathstrut strut nobreak relax noindent",
));

export const spaces = new Set([",", ";", ":", ">", "quad", "qquad", "thinspace", "enspace", " ", "\n"]);

/** Commands whose braces hold words. */
export const textCommands = new Set(
  words("text textbf textit textrm textnormal textsf texttt mbox hbox textup textsc"),
);

/** Commands whose braces hold an upright name: a function, a unit or a symbol. */
export const nameCommands = new Set(words("mathrm operatorname mathit mathsf mathtt mathnormal"));

/** Commands that decorate one symbol. */
export const accents = new Set(words(
  "vec hat bar overline tilde widehat widetilde dot ddot mathbf boldsymbol bm mathcal mathfrak mathscr overrightarrow " +
    "underline overleftrightarrow breve check",
));

const relationTable: Record<string, RelationOp> = {
  "=": "=",
  "<": "<",
  ">": ">",
  lt: "<",
  gt: ">",
  le: "<=",
  leq: "<=",
  leqslant: "<=",
  leqq: "<=",
  ge: ">=",
  geq: ">=",
  geqslant: ">=",
  geqq: ">=",
  ne: "!=",
  neq: "!=",
  approx: "~",
  simeq: "~",
  thickapprox: "~",
  cong: "cong",
  sim: "sim",
  propto: "propto",
  equal: "=",
  doteq: "~",
  in: "in",
  notin: "notin",
  subset: "subset",
  subseteq: "subset",
  supset: "superset",
  supseteq: "superset",
  to: "->",
  rightarrow: "->",
  Rightarrow: "=>",
  implies: "=>",
  Longrightarrow: "=>",
  longrightarrow: "->",
  mapsto: "->",
  equiv: "==",
  iff: "<=>",
  Leftrightarrow: "<=>",
  Longleftrightarrow: "<=>",
};

/** Relation signs by command or character. */
export const relations = new Map(Object.entries(relationTable));

const functionTable: Record<string, string> = {
  arcsin: "asin",
  arccos: "acos",
  arctan: "atan",
  arccot: "acot",
  arcsec: "asec",
  arccsc: "acsc",
  tg: "tan",
  ctg: "cot",
  arctg: "atan",
  cosec: "csc",
  arcsinh: "asinh",
  arccosh: "acosh",
  arctanh: "atanh",
  arsinh: "asinh",
  arcosh: "acosh",
  artanh: "atanh",
  sign: "sgn",
  ceiling: "ceil",
  Re: "re",
  Im: "im",
  Gamma: "gamma",
};
for (
  const name of words(
    "sin cos tan cot sec csc asin acos atan acot asec acsc sinh cosh tanh coth sech csch asinh acosh atanh ln log lg exp " +
      "abs floor ceil max min gcd lcm sgn arg cbrt det",
  )
) functionTable[name] = name;

/** Functions by name; the value is the name used in the tree. */
export const functions = new Map(Object.entries(functionTable));

/** Functions that are only recognised as commands, never as bare words. */
export const commandOnly = new Set(["Gamma", "Re", "Im", "arg", "det", "sign", "lg", "tg"]);

/** Greek letters and other symbols that stand for themselves. */
export const letters = new Set(words(
  "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma varsigma " +
    "tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega ell hbar partial nabla " +
    "angle triangle aleph odot oplus otimes mho wp perp parallel square star bullet dagger checkmark Box bot top",
));

/** Greek letters recognised as bare words of at least three characters. */
export const greekWords = new Set(words(
  "alpha beta gamma delta epsilon theta lambda sigma omega phi psi rho tau mu zeta kappa Delta Omega Gamma",
));

const characterTable: Record<string, string> = {
  "\u2212": "-",
  "\u2013": "-",
  "\u2014": "-",
  "\u2010": "-",
  "\u2011": "-",
  "\u00d7": "\\times ",
  "\u22c5": "\\cdot ",
  "\u00b7": "\\cdot ",
  "\u2217": "*",
  "\u00f7": "\\div ",
  "\u2215": "/",
  "\u2044": "/",
  "\u221a": "\\sqrt ",
  "\u221b": "\\cbrt ",
  "\u03c0": "\\pi ",
  "\u221e": "\\infty ",
  "\u2264": "\\le ",
  "\u2265": "\\ge ",
  "\u2a7d": "\\le ",
  "\u2a7e": "\\ge ",
  "\u2260": "\\ne ",
  "\u2248": "\\approx ",
  "\u2245": "\\approx ",
  "\u2208": "\\in ",
  "\u2209": "\\notin ",
  "\u2286": "\\subseteq ",
  "\u2282": "\\subset ",
  "\u2287": "\\supseteq ",
  "\u222a": "\\cup ",
  "\u2229": "\\cap ",
  "\u2205": "\\emptyset ",
  "\u00d8": "\\emptyset ",
  "\u2216": "\\setminus ",
  "\u00b1": "\\pm ",
  "\u2213": "\\mp ",
  "\u00b0": "^\\circ ",
  "\u00ba": "^\\circ ",
  "\u2218": "\\circ ",
  "\u2032": "'",
  "\u2019": "'",
  "\u2033": "''",
  "\u00b2": "^2",
  "\u00b3": "^3",
  "\u00b9": "^1",
  "\u2070": "^0",
  "\u2074": "^4",
  "\u2075": "^5",
  "\u2076": "^6",
  "\u2077": "^7",
  "\u2078": "^8",
  "\u2079": "^9",
  "\u00bd": "\\frac12 ",
  "\u2153": "\\frac13 ",
  "\u2154": "\\frac23 ",
  "\u00bc": "\\frac14 ",
  "\u00be": "\\frac34 ",
  "\u2155": "\\frac15 ",
  "\u2159": "\\frac16 ",
  "\u215b": "\\frac18 ",
  "\u2192": "\\to ",
  "\u21d2": "\\Rightarrow ",
  "\u21d4": "\\iff ",
  "\u2261": "\\equiv ",
  "\u223c": "\\sim ",
  "\u00a2": "\\text{ cents}",
  "\u2200": "\\forall ",
  "\u2102": "\\mathbb{C}",
  "\u2115": "\\mathbb{N}",
  "\u211a": "\\mathbb{Q}",
  "\u211d": "\\mathbb{R}",
  "\u2124": "\\mathbb{Z}",
  "\u230a": "\\lfloor ",
  "\u230b": "\\rfloor ",
  "\u2308": "\\lceil ",
  "\u2309": "\\rceil ",
  "\u27e8": "\\langle ",
  "\u27e9": "\\rangle ",
  "\u2026": "\\ldots ",
  "\u22ef": "\\ldots ",
  "\u2211": "\\sum ",
  "\u220f": "\\prod ",
  "\u222b": "\\int ",
  "\u00a0": " ",
  "\u2009": " ",
  "\u202f": " ",
  "\u2003": " ",
  "\u3000": " ",
  "\u200b": "",
  "\u200c": "",
  "\u200d": "",
  "\ufeff": "",
  "\u2061": "",
  "\u2062": "",
  "\u200e": "",
  "\u200f": "",
  "\u202a": "",
  "\u202b": "",
  "\u202c": "",
  "\u202d": "",
  "\u202e": "",
  "\u3002": ". ",
  "\u3001": ",",
  "\u2223": "|",
  "\u00ac": "\\neg ",
  "\u2227": "\\land ",
  "\u2228": "\\lor ",
};
const greekLower =
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi - - rho varsigma sigma tau " +
  "upsilon phi chi psi omega";
for (const [i, name] of words(greekLower).entries()) {
  if (name !== "-") characterTable[String.fromCharCode(0x3b1 + i)] = `\\${name} `;
}
for (let i = 0; i < 10; i++) characterTable[String.fromCharCode(0x2080 + i)] = `_${i}`;
characterTable["\u0394"] = "\\Delta ";
characterTable["\u03a9"] = "\\Omega ";
characterTable["\u03d5"] = "\\phi ";
characterTable["\u03b5"] = "\\epsilon ";
for (let i = 0; i < 94; i++) characterTable[String.fromCharCode(0xff01 + i)] = String.fromCharCode(0x21 + i);

/** Signs of money and their units. */
export const currencies = new Map([
  ["$", "dollars"],
  ["\u20ac", "euros"],
  ["\u00a3", "gbp"],
  ["\u00a5", "yen"],
  ["\u20b9", "rupees"],
]);

/** Characters that are rewritten before anything else looks at them. */
export const characters = new Map(Object.entries(characterTable));
