// Jinja's filters as Python runs them, for the values where @huggingface/jinja 0.5.11 has none or differs; the others
// are left to it.

import { capitalize, replace, strip } from "./strings.ts";
import {
  dictKey,
  equal,
  Float,
  int,
  isDict,
  isInt,
  isList,
  isNumber,
  isStr,
  isUndefined,
  iterate,
  keyOf,
  less,
  list,
  str,
  toStr,
  tuple,
  undefinedValue,
  type Value,
} from "./values.ts";

export type Filter = (value: Value, args: Value[], named: ReadonlyMap<string, Value>) => Value;
export type Test = (value: Value, ...args: Value[]) => boolean;

const onText = (apply: (text: string) => string): Filter => (value) => str(apply(toStr(value)));

function length(value: Value): Value {
  if (isStr(value)) return int([...value.value].length);
  if (isDict(value)) return int(value.value.size);
  if (isList(value) || isUndefined(value)) return int(iterate(value).length);
  throw new TypeError(`a value of type ${value.type} has no length`);
}

/** `attribute` may be a path; what is not there is undefined. */
export function attributeOf(value: Value, attribute: Value | undefined): Value {
  if (attribute === undefined) return value;
  return String(attribute.value).split(".").reduce((own, key): Value => {
    if (isUndefined(own)) throw new TypeError(`an undefined value has no attribute ${key}`);
    if (isList(own)) return own.value[Number(key)] ?? undefinedValue();
    return isDict(own) ? own.value.get(key) ?? undefinedValue() : undefinedValue();
  }, value);
}

function integer(value: Value, otherwise: Value): Value {
  if (isNumber(value)) return int(Math.trunc(Number(value.value)));
  const text = isStr(value) ? strip(value.value) : "";
  return /^[+-]?\d+$/.test(text)
    ? int(Number(text))
    : /^[+-]?\d*\.?\d+(e[+-]?\d+)?$/i.test(text)
    ? int(Math.trunc(Number(text)))
    : otherwise;
}

function sorted(
  value: Value,
  attribute: Value | undefined,
  caseSensitive: boolean,
  reverse: boolean,
): Value[] {
  const key = (item: Value) => {
    const own = attributeOf(item, attribute);
    return isStr(own) && !caseSensitive ? str(own.value.toLowerCase()) : own;
  };
  const items = iterate(value).map((item) => ({ item, key: key(item) }));
  const order = (a: Value, b: Value) => less(a, b) ? -1 : less(b, a) ? 1 : 0;
  items.sort((a, b) => (reverse ? -1 : 1) * order(a.key, b.key));
  return items.map(({ item }) => item);
}

const truthOf = (value: Value | undefined) => value?.__bool__().value ?? false;
const least = (items: Value[]) => items.reduce((a, b) => less(b, a) ? b : a);
const most = (items: Value[]) => items.reduce((a, b) => less(a, b) ? b : a);

export const FILTERS: Record<string, Filter> = {
  length,
  count: length,
  string: onText((text) => text),
  safe: (value) => value,
  upper: onText((text) => text.toUpperCase()),
  lower: onText((text) => text.toLowerCase()),
  capitalize: onText(capitalize),
  // Unlike the method it leaves an apostrophe within a word.
  title: onText((text) => text.split(/([-\s({\[<]+)/u).map(capitalize).join("")),
  trim: (value, [characters], named) => {
    const own = characters ?? named.get("chars");
    return str(strip(toStr(value), isStr(own) ? own.value : undefined));
  },
  replace: (value, [from, to, most], named) => {
    const [old, next] = [from ?? named.get("old"), to ?? named.get("new")];
    if (!old || !next) throw new TypeError("replace takes two strings");
    const count = most ?? named.get("count");
    return str(replace(toStr(value), toStr(old), toStr(next), isInt(count) ? count.value : -1));
  },
  list: (value) => list(iterate(value)),
  first: (value) => iterate(value)[0] ?? undefinedValue(),
  last: (value) => iterate(value).at(-1) ?? undefinedValue(),
  reverse: (value) =>
    isStr(value) ? str([...value.value].reverse().join("")) : list(iterate(value).toReversed()),
  join: (value, [separator, attribute], named) => {
    const own = separator ?? named.get("d") ?? str("");
    const items = iterate(value).map((item) => attributeOf(item, attribute ?? named.get("attribute")));
    return str(items.map(toStr).join(toStr(own)));
  },
  default: (value, [own, also], named) =>
    isUndefined(value) || (truthOf(also ?? named.get("boolean")) && !truthOf(value))
      ? own ?? named.get("default_value") ?? str("")
      : value,
  int: (value, [own], named) => integer(value, own ?? named.get("default") ?? int(0)),
  float: (value, [own], named) => {
    const number = isNumber(value)
      ? Number(value.value)
      : isStr(value) && strip(value.value) !== ""
      ? Number(value.value)
      : NaN;
    return Number.isNaN(number) ? own ?? named.get("default") ?? new Float(0) : new Float(number);
  },
  abs: (value) => {
    if (!isNumber(value)) throw new TypeError(`a value of type ${value.type} has no absolute`);
    return isInt(value) ? int(Math.abs(value.value)) : new Float(Math.abs(Number(value.value)));
  },
  items: (value) => {
    if (isUndefined(value)) return list([]);
    if (!isDict(value)) throw new TypeError("items takes a mapping");
    return list([...value.value].map(([key, own]) => tuple([keyOf(key), own])));
  },
  dictsort: (value, [caseSensitive, by, reverse], named) => {
    const at = toStr(by ?? named.get("by") ?? str("key")) === "value" ? 1 : 0;
    const truth = (own: Value | undefined, name: string) => truthOf(own ?? named.get(name));
    const pairs = FILTERS["items"]!(value, [], named);
    return list(sorted(pairs, int(at), truth(caseSensitive, "case_sensitive"), truth(reverse, "reverse")));
  },
  unique: (value) =>
    list(iterate(value).filter((item, i, all) => all.findIndex((own) => equal(own, item)) === i)),
  sort: (value, [reverse, caseSensitive, attribute], named) =>
    list(
      sorted(
        value,
        attribute ?? named.get("attribute"),
        truthOf(caseSensitive ?? named.get("case_sensitive")),
        truthOf(reverse ?? named.get("reverse")),
      ),
    ),
  min: (value) => isList(value) && value.value.length > 0 ? least(value.value) : undefinedValue(),
  max: (value) => isList(value) && value.value.length > 0 ? most(value.value) : undefinedValue(),
  sum: (value) => int(iterate(value).reduce((sum, item) => sum + Number(item.value), 0)),
};

/** Tests whose answer differs from the library's. */
export const TESTS: Record<string, Test> = {
  eq: equal,
  equalto: equal,
  "==": equal,
  ne: (a, b) => !equal(a, b!),
  in: (a, b) => contains(b!, a),
  iterable: (value) => isList(value) || isStr(value) || isDict(value) || isUndefined(value),
  sequence: (value) => isList(value) || isStr(value) || isDict(value) || isUndefined(value),
  integer: isInt,
  float: (value) => value.type === "FloatValue",
  number: isNumber,
  lower: (value) => isLower(toStr(value)),
  upper: (value) =>
    toStr(value) === toStr(value).toUpperCase() && toStr(value) !== toStr(value).toLowerCase(),
};

const isLower = (text: string) => text === text.toLowerCase() && text !== text.toUpperCase();

/** `item in whole`. */
export function contains(whole: Value, item: Value): boolean {
  if (isStr(whole)) {
    if (!isStr(item)) throw new TypeError(`'in' of a string takes a string: got ${item.type}`);
    return whole.value.includes(item.value);
  }
  if (isDict(whole)) return (isStr(item) || isInt(item)) && whole.value.has(dictKey(item));
  return iterate(whole).some((own) => equal(own, item));
}
