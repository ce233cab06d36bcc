// The methods of Python's str, where @huggingface/jinja 0.5.11 has none or differs: it counts UTF-16 units, strips other
// characters than Python and ignores which ones are named.

import {
  bool,
  Func,
  int,
  isInt,
  isList,
  isNone,
  isStr,
  list,
  str,
  toStr,
  tuple,
  type Value,
} from "./values.ts";

/** What str.isspace holds for; JavaScript's trim knows U+FEFF but not U+001C to U+001F and U+0085. */
const SPACES = new Set(
  "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000",
);

/** Beside \n and \r\n, what ends a line for str.splitlines. */
const BREAKS = /[\r\v\f\p{Zl}\p{Zp}\u0085]/u;

export function strip(text: string, characters?: string, where: "both" | "left" | "right" = "both"): string {
  const out = characters === undefined ? SPACES : new Set(characters);
  const all = [...text];
  let [first, end] = [0, all.length];
  if (where !== "right") { while (first < end && out.has(all[first]!)) first++; }
  if (where !== "left") { while (first < end && out.has(all[end - 1]!)) end--; }
  return all.slice(first, end).join("");
}

export function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/** Letters after anything but a letter in upper case, all others in lower case. */
function title(text: string): string {
  return text.replace(/\p{L}+/gu, capitalize);
}

function split(text: string, separator: string | undefined, most: number): string[] {
  if (separator === "") throw new TypeError("empty separator");
  if (separator === undefined) {
    const parts: string[] = [];
    let rest = strip(text, undefined, "left");
    while (rest !== "") {
      if (most >= 0 && parts.length === most) return [...parts, rest];
      const all = [...rest];
      const at = all.findIndex((character) => SPACES.has(character));
      parts.push(at < 0 ? rest : all.slice(0, at).join(""));
      rest = at < 0 ? "" : strip(all.slice(at).join(""), undefined, "left");
    }
    return parts;
  }
  const parts = text.split(separator);
  return most >= 0 && parts.length > most + 1
    ? [...parts.slice(0, most), parts.slice(most).join(separator)]
    : parts;
}

function rsplit(text: string, separator: string | undefined, most: number): string[] {
  if (most < 0) return split(text, separator, most);
  if (separator === undefined) throw new TypeError("rsplit needs a separator here");
  const parts = text.split(separator);
  const cut = Math.max(0, parts.length - most);
  return cut === 0 ? parts : [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
}

const cut = (text: string, at: number, length: number, otherwise: string[]) =>
  tuple(
    (at < 0 ? otherwise : [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)]).map(str),
  );

/** Indices count characters, not UTF-16 units. */
const indexOf = (text: string, at: number) => int(at < 0 ? -1 : [...text.slice(0, at)].length);

type Method = (text: string, args: Value[], named: ReadonlyMap<string, Value>) => Value;

const text = (value: Value | undefined, name: string): string => {
  if (!isStr(value)) throw new TypeError(`${name}() takes a string`);
  return value.value;
};
const optional = (value: Value | undefined, name: string) =>
  value === undefined || isNone(value) ? undefined : text(value, name);
const number = (value: Value | undefined, otherwise: number) => isInt(value) ? value.value : otherwise;
const matches = (test: RegExp): Method => (own) => bool(test.test(own));
const begins =
  (name: string, has: (own: string, part: string) => boolean): Method => (own, [part, ...more]) => {
    if (more.length > 0) throw new TypeError(`${name}() with a range is not implemented`);
    const parts = isList(part) ? part.value : [part];
    return bool(parts.some((one) => has(own, text(one, name))));
  };
const strips = (where: "both" | "left" | "right"): Method => (own, [characters]) =>
  str(strip(own, optional(characters, "strip"), where));

const METHODS: Record<string, Method> = {
  strip: strips("both"),
  lstrip: strips("left"),
  rstrip: strips("right"),
  upper: (own) => str(own.toUpperCase()),
  lower: (own) => str(own.toLowerCase()),
  capitalize: (own) => str(capitalize(own)),
  title: (own) => str(title(own)),
  split: (own, [separator, most], named) =>
    list(
      split(own, optional(separator ?? named.get("sep"), "split"), number(most ?? named.get("maxsplit"), -1))
        .map(str),
    ),
  rsplit: (own, [separator, most], named) =>
    list(
      rsplit(
        own,
        optional(separator ?? named.get("sep"), "rsplit"),
        number(most ?? named.get("maxsplit"), -1),
      ).map(str),
    ),
  splitlines: (own) => {
    const lines = own.replaceAll("\r\n", "\n").split("\n").flatMap((line) => line.split(BREAKS));
    if (lines.at(-1) === "") lines.pop();
    return list(lines.map(str));
  },
  partition: (own, [separator]) => {
    const mark = text(separator, "partition");
    return cut(own, own.indexOf(mark), mark.length, [own, "", ""]);
  },
  rpartition: (own, [separator]) => {
    const mark = text(separator, "rpartition");
    return cut(own, own.lastIndexOf(mark), mark.length, ["", "", own]);
  },
  startswith: begins("startswith", (own, part) => own.startsWith(part)),
  endswith: begins("endswith", (own, part) => own.endsWith(part)),
  removeprefix: (own, [part]) => {
    const prefix = text(part, "removeprefix");
    return str(own.startsWith(prefix) ? own.slice(prefix.length) : own);
  },
  removesuffix: (own, [part]) => {
    const suffix = text(part, "removesuffix");
    return str(suffix !== "" && own.endsWith(suffix) ? own.slice(0, -suffix.length) : own);
  },
  find: (own, [part]) => indexOf(own, own.indexOf(text(part, "find"))),
  rfind: (own, [part]) => indexOf(own, own.lastIndexOf(text(part, "rfind"))),
  count: (own, [part]) => {
    const mark = text(part, "count");
    return int(mark === "" ? [...own].length + 1 : own.split(mark).length - 1);
  },
  replace: (own, [from, to, most], named) =>
    str(replace(own, text(from, "replace"), text(to, "replace"), number(most ?? named.get("count"), -1))),
  join: (own, [items]) => {
    if (!isList(items)) throw new TypeError("join() takes a list");
    return str(items.value.map((item) => text(item, "join")).join(own));
  },
  format: (own, args, named) => str(format(own, args, named)),
  isdigit: matches(/^\p{Nd}+$/u),
  isnumeric: matches(/^\p{N}+$/u),
  isalpha: matches(/^\p{L}+$/u),
  isalnum: matches(/^[\p{L}\p{N}]+$/u),
  isspace: (own) => bool(own !== "" && strip(own) === ""),
  isupper: (own) => bool(own === own.toUpperCase() && own !== own.toLowerCase()),
  islower: (own) => bool(own === own.toLowerCase() && own !== own.toUpperCase()),
};

/** str.format without conversions and format specifications. */
function format(own: string, args: Value[], named: ReadonlyMap<string, Value>): string {
  let next = 0;
  return own.replace(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (all, field: string | undefined) => {
    if (all === "{{" || all === "}}") return all[0]!;
    const value = field === "" ? args[next++] : named.get(field ?? "") ?? args[Number(field)];
    if (value === undefined) throw new TypeError(`format() cannot fill ${all}`);
    return toStr(value);
  });
}

/** At most `most` of them; below 0 all. */
export function replace(own: string, from: string, to: string, most: number): string {
  const parts = from === "" ? ["", ...own, ""] : own.split(from);
  const kept = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  return parts.slice(0, kept + 1).join(to) +
    parts.slice(kept + 1).map((part) => from + part).join("");
}

/** A method of a string, bound to it, or undefined. */
export function method(own: string, name: string): Value | undefined {
  if (!Object.hasOwn(METHODS, name)) return undefined;
  return new Func((args) => {
    const last = args.at(-1);
    const named = last?.type === "KeywordArgumentsValue" ? last.value as Map<string, Value> : new Map();
    return METHODS[name]!(own, named.size > 0 ? args.slice(0, -1) : args, named);
  });
}
