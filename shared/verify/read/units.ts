// Units and other words that may follow a number: what they measure and how large they are, exactly.

import { multiply, one, power, type Rational, rational } from "../tree/rational.ts";

/** What a unit measures and how many base units it is; null when it only labels the number (apples, euros). */
export type Unit = { readonly dimension: Dimension; readonly scale: Rational } | null;

/** Exponents by base quantity: a speed is { length: 1, time: -1 }. */
export type Dimension = Readonly<Record<string, number>>;

// dimension, then lines of: size in base units, the words for it
const table: readonly [string, string][] = [
  [
    "length",
    `1 m meter meters metre metres; 0.1 dm decimeter decimeters; 0.01 cm centimeter centimeters centimetre centimetres;
     0.001 mm millimeter millimeters millimetre millimetres; 1e-6 micrometer micrometers micron microns um;
     1e-9 nm nanometer nanometers nanometre nanometres; 1000 km kilometer kilometers kilometre kilometres kms;
     0.0254 inch inches in; 0.3048 ft foot feet; 0.9144 yd yds yard yards; 1609.344 mi mile miles;
     149597870700 au AU; 3.0856775814913673e16 pc parsec parsecs; 9460730472580800 ly lightyear lightyears`,
  ],
  [
    "mass",
    `1 kg kgs kilogram kilograms; 0.001 g gram grams; 1e-6 mg milligram milligrams; 1000 tonne tonnes ton tons;
     0.45359237 lb lbs pound pounds; 0.028349523125 oz ounce ounces`,
  ],
  [
    "time",
    `1 s sec secs second seconds; 0.001 ms millisecond milliseconds; 1e-6 microsecond microseconds;
     1e-9 ns nanosecond nanoseconds; 60 min mins minute minutes; 3600 h hr hrs hour hours; 86400 d day days;
     604800 week weeks`,
  ],
  ["months", "1 month months; 12 year years yr yrs; 120 decade decades; 1200 century centuries"],
  [
    "length^3",
    `0.001 L l liter liters litre litres; 1e-6 mL ml milliliter milliliters millilitre millilitres cc;
     0.003785411784 gal gallon gallons; 0.000946352946 quart quarts qt; 0.000473176473 pint pints pt;
     0.0002365882365 cup cups; 0.00001478676478125 tablespoon tablespoons tbsp;
     0.00000492892159375 teaspoon teaspoons tsp`,
  ],
  ["length^2", "10000 hectare hectares ha; 4046.8564224 acre acres"],
  [
    "length time^-1",
    "0.44704 mph; 5/18 kph kmh kmph; 463/900 knot knots",
  ],
  [
    "mass length^2 time^-2",
    `1 J joule joules; 1000 kJ kilojoule kilojoules; 1e6 MJ; 1.602176634e-19 eV; 1.602176634e-16 keV;
     1.602176634e-13 MeV; 1e-7 erg ergs; 4.184 cal calorie calories; 4184 kcal; 3600000 kWh`,
  ],
  ["mass length^2 time^-3", "1 W watt watts; 1000 kW kilowatt kilowatts; 1e6 MW"],
  ["time^-1", "1 Hz hertz; 1000 kHz; 1e6 MHz; 1e9 GHz"],
  ["mass length time^-2", "1 N newton newtons; 1000 kN; 1e-5 dyne dynes"],
  ["mass length^-1 time^-2", "1 Pa pascal pascals; 1000 kPa; 1e6 MPa; 101325 atm; 100000 bar"],
  ["charge", "1 coulomb coulombs C; 1e-6 microcoulomb microcoulombs; 1e-9 nC"],
  ["charge time^-1", "1 A amp amps ampere amperes; 0.001 mA"],
  ["mass length^2 time^-2 charge^-1", "1 V volt volts; 0.001 mV; 1000 kV"],
  ["mass length^2 time^-1 charge^-2", "1 ohm ohms; 1000 kohm"],
  ["mass time^-1 charge^-1", "1 T tesla teslas"],
  ["mass^-1 length^-2 time^2 charge^2", "1 F farad farads; 1e-6 uF"],
  ["kelvin", "1 K kelvin kelvins"],
  ["celsius", "1 celsius centigrade degC"],
  ["fahrenheit", "1 fahrenheit degF"],
  ["amount", "1 mol mole moles mols; 0.001 mmol"],
  ["dollars", "1 dollar dollars usd USD buck bucks; 0.01 cent cents"],
  ["euros", "1 euro euros EUR"],
  ["sterling", "1 gbp GBP; 0.01 pence penny pennies"],
  ["information", "1 bit bits; 8 byte bytes; 8000 kB KB; 8000000 MB; 8000000000 GB"],
  ["radians", "1 radian radians rad"],
];

const labels =
  "am pm AM PM unit units square sq cubic cu per each yuan rupee rupees yen people person persons student students boy boys girl girls man men " +
  "woman women child children apple apples orange oranges book books card cards coin coins ball balls marble marbles page " +
  "pages point points times time ways way solution solutions integer integers number numbers digit digits edge edges " +
  "vertices faces side sides rpm ppm step steps roll rolls ticket tickets piece pieces pair pairs meal meals game games " +
  "tree trees seat seats item items object objects total votes";

function decimal(text: string): Rational {
  if (text.includes("/")) return rational(...text.split("/").map(BigInt) as [bigint, bigint]);
  const [mantissa = "", exponent = "0"] = text.split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  return shift >= 0 ? rational(digits * 10n ** BigInt(shift)) : rational(digits, 10n ** BigInt(-shift));
}

function dimensionOf(text: string): Dimension {
  const result: Record<string, number> = {};
  for (const part of text.split(" ")) {
    const [name = "", exponent = "1"] = part.split("^");
    result[name] = Number(exponent);
  }
  return result;
}

const units = new Map<string, Unit>();
for (const [dimension, rows] of table) {
  for (const row of rows.split(";")) {
    const [size = "", ...words] = row.trim().split(/\s+/);
    for (const word of words) units.set(word, { dimension: dimensionOf(dimension), scale: decimal(size) });
  }
}
for (const word of labels.split(" ")) units.set(word, null);

/** Looks a word up, in lower case when it is unknown as written; undefined when it is no unit. */
export function unitOf(word: string): Unit | undefined {
  const exact = units.get(word);
  if (exact !== undefined || units.has(word)) return exact;
  return word.length > 2 ? units.get(word.toLowerCase()) : undefined;
}

/** A unit of known size: its dimension as text, and its size in base units. */
export type Measure = { readonly dimension: string; readonly scale: Rational };

/** The dimension and scale of a compound such as `cm^2`, `km/h`, `m s^-2` or `square feet`; null when it is not known. */
export function measureOf(text: string): Measure | null {
  const words = text.match(/[A-Za-z]{1,24}|-?\d|\/|\^/g) ?? [];
  const powers = new Map<string, number>();
  let scale = one;
  let sign = 1;
  let next = 1;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "/" || word === "per") sign = -1;
    else if (word === "square" || word === "sq") next = 2;
    else if (word === "cubic" || word === "cu") next = 3;
    else if (word !== "^") {
      const unit = unitOf(word);
      if (unit === undefined || unit === null) return null;
      const after = words[i + 1] === "^" ? 2 : 1;
      const written = words[i + after];
      const digit = written !== undefined && /^-?[1-9]$/.test(written)
        ? Number(written)
        : written === "squared"
        ? 2
        : written === "cubed"
        ? 3
        : null;
      if (digit !== null) i += after;
      const exponent = sign * (digit ?? next);
      next = 1;
      scale = multiply(scale, power(unit.scale, BigInt(exponent)));
      for (const [name, size] of Object.entries(unit.dimension)) {
        powers.set(name, (powers.get(name) ?? 0) + size * exponent);
      }
    }
  }
  const dimension = [...powers].filter(([, size]) => size !== 0).map(([name, size]) => name + size).sort();
  return dimension.length === 0 ? null : { dimension: dimension.join(" "), scale };
}

const small = new Set("the a an of and in per each total more all them altogether".split(" "));

/** The words of a label, each in lower case and in the singular, without articles. */
function stems(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}]+/gu) ?? [];
  return words.filter((word) => !small.has(word)).map((word) => singular(word));
}

const irregular: Record<string, string> = { people: "person", children: "child", men: "man", women: "woman" };

/** The singular of an English noun, by its ending; good enough to compare two nouns. */
export const singular = (word: string): string =>
  irregular[word] ??
    (word.length > 3 ? word.replace(/ies$/, "y").replace(/(?<=ch|sh|x|ss)es$|(?<=[^s])s$/, "") : word);

/** Whether two labels name the same things: one says all that the other does, as in `cookies` and `oatmeal cookies`. */
export function sameLabel(a: string, b: string): boolean {
  const [x, y] = [stems(a), stems(b)];
  if (x.length === 0 || y.length === 0) return true;
  if (x[0] === "unit" || y[0] === "unit") return true;
  const [short, long] = x.length <= y.length ? [x, y] : [y, x];
  return short.every((word) => long.includes(word));
}
