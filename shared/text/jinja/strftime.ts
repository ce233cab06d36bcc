// Python's datetime.strftime in the C locale, of a date without a zone: what chat templates ask of strftime_now.

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/**
 * @param date its local time
 * @throws TypeError for a directive that is not known here.
 */
export function strftime(date: Date, format: string): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const [day, month, hour] = [DAYS[date.getDay()]!, MONTHS[date.getMonth()]!, date.getHours()];
  const yearStart = new Date(date.getFullYear(), 0, 1);
  const dayOfYear = Math.round(
    (new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() - yearStart.getTime()) / 864e5,
  ) + 1;
  const values: Record<string, string> = {
    "%": "%",
    A: day,
    a: day.slice(0, 3),
    B: month,
    b: month.slice(0, 3),
    d: two(date.getDate()),
    F: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    H: two(hour),
    I: two(hour % 12 || 12),
    j: String(dayOfYear).padStart(3, "0"),
    M: two(date.getMinutes()),
    m: two(date.getMonth() + 1),
    p: hour < 12 ? "AM" : "PM",
    S: two(date.getSeconds()),
    T: `${two(hour)}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    Z: "",
    z: "",
  };
  return format.replace(/%(-?)(.)/gs, (all, plain: string, directive: string) => {
    const value = values[directive];
    if (value === undefined) throw new TypeError(`strftime_now does not know ${all}`);
    return plain ? value.replace(/^0+(?=\d)/, "") : value;
  });
}
