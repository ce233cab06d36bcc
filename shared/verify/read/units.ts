// Units and other words that may follow a number without changing what it says.

/** What a unit measures and how many base units it is; null when it only labels the number (apples, dollars). */
export type Unit = { readonly dimension: string; readonly scale: number } | null;

// dimension: scale words
const table: Record<string, [number, string][]> = {
  length: [
    [1, "m meter meters metre metres"],
    [0.01, "cm centimeter centimeters centimetre centimetres"],
    [0.001, "mm millimeter millimeters millimetre millimetres"],
    [1e-6, "micrometer micrometers micron microns um"],
    [1e-9, "nm nanometer nanometers nanometre nanometres"],
    [1000, "km kilometer kilometers kilometre kilometres"],
    [0.0254, "inch inches in"],
    [0.3048, "ft foot feet"],
    [0.9144, "yd yds yard yards"],
    [1609.344, "mi mile miles"],
    [149597870700, "au AU"],
    [3.0856775814913673e16, "pc parsec parsecs"],
  ],
  mass: [
    [1, "kg kgs kilogram kilograms"],
    [0.001, "g gram grams"],
    [1e-6, "mg milligram milligrams"],
    [1000, "ton tons tonne tonnes"],
    [0.45359237, "lb lbs pound pounds"],
    [0.028349523125, "oz ounce ounces"],
  ],
  time: [
    [1, "s sec secs second seconds"],
    [0.001, "ms millisecond milliseconds"],
    [60, "min mins minute minutes"],
    [3600, "h hr hrs hour hours"],
    [86400, "d day days"],
    [604800, "week weeks"],
  ],
  volume: [
    [1, "L l liter liters litre litres"],
    [0.001, "mL ml milliliter milliliters millilitre millilitres"],
  ],
  energy: [[1, "J joule joules"], [1000, "kJ"], [1.602176634e-19, "eV"], [1e-7, "erg ergs"]],
  power: [[1, "W watt watts"], [1000, "kW"]],
  frequency: [[1, "Hz hertz"], [1000, "kHz"], [1e6, "MHz"], [1e9, "GHz"]],
  force: [[1, "N newton newtons"]],
  pressure: [[1, "Pa pascal pascals"], [1000, "kPa"]],
  voltage: [[1, "V volt volts"], [0.001, "mV"]],
  current: [[1, "A amp amps ampere amperes"], [0.001, "mA"]],
  temperature: [[1, "K kelvin kelvins"]],
  money: [[1, "dollar dollars usd USD"], [0.01, "cent cents"]],
};

const labels =
  "unit units square sq cubic cu per each euro euros yuan rupee rupees yen people person persons " +
  "students student boys girls men women children apples oranges books cards coins complex marbles pages points point " +
  "times ways way solutions solution integers integer numbers number digits digit edges vertices faces sides " +
  "mph kph kmh rpm ppm bits bytes gallon gallons quart quarts pint pints cup cups mol moles mole month months " +
  "year years decade decades am pm radian radians rad degree degrees celsius fahrenheit steps step rolls tickets " +
  "ohm ohms coulomb coulombs hectare hectares acre acres dozen pieces piece pairs pair meals games trees seats";

const units = new Map<string, Unit>();
for (const [dimension, rows] of Object.entries(table)) {
  for (const [scale, words] of rows) {
    for (const word of words.split(" ")) units.set(word, { dimension, scale });
  }
}
for (const word of labels.split(" ")) units.set(word, null);

/** Looks a word up, in lower case when it is unknown as written; undefined when it is no unit. */
export function unitOf(word: string): Unit | undefined {
  const exact = units.get(word);
  return exact !== undefined || units.has(word)
    ? exact
    : word.length > 2
    ? units.get(word.toLowerCase())
    : undefined;
}

/** The dimension and scale of a compound such as `cm^2`, `km/h` or `square feet`; null when it is not known. */
export function unitScale(text: string): { dimension: string; scale: number } | null {
  const words = text.match(/[A-Za-z]{1,20}|\d|\/|\^/g) ?? [];
  const powers = new Map<string, number>();
  let scale = 1;
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
      const digit = words[i + 1] === "^" ? words[i + 2] : words[i + 1];
      const exponent = sign * (digit !== undefined && digit >= "1" && digit <= "9" ? Number(digit) : next);
      if (digit !== undefined && digit >= "1" && digit <= "9") i += words[i + 1] === "^" ? 2 : 1;
      next = 1;
      scale *= unit.scale ** exponent;
      powers.set(unit.dimension, (powers.get(unit.dimension) ?? 0) + exponent);
    }
  }
  if (powers.size === 0) return null;
  return { dimension: [...powers].map(([name, power]) => name + power).sort().join(" "), scale };
}
