// What `object.key` and `object[key]` are: items first or methods first, as Jinja2 looks them up.

import { method } from "./strings.ts";
import {
  dictKey,
  Func,
  isDict,
  isInt,
  isList,
  isStr,
  keyOf,
  list,
  None,
  str,
  toStr,
  tuple,
  undefinedValue,
  type Value,
} from "./values.ts";

/** @param named whether it is written as `.key`, which takes a method for an entry of the same name */
export function memberOf(object: Value, key: Value, named: boolean): Value {
  if (isStr(object)) {
    if (isInt(key)) {
      const character = [...object.value].at(key.value);
      return character === undefined ? undefinedValue() : str(character);
    }
    return isStr(key) ? method(object.value, key.value) ?? undefinedValue() : undefinedValue();
  }
  if (isList(object)) {
    return isInt(key) ? object.value.at(key.value) ?? undefinedValue() : undefinedValue();
  }
  if (isDict(object)) {
    const own = isStr(key) || isInt(key) ? object.value.get(dictKey(key)) : undefined;
    const bound = isStr(key) ? methodOf(object.value, key.value) : undefined;
    return (named ? bound ?? own : own ?? bound) ?? undefinedValue();
  }
  if (object.type === "NamespaceValue") {
    return (object.value as Map<string, Value>).get(toStr(key)) ?? undefinedValue();
  }
  return undefinedValue();
}

function methodOf(entries: Map<string, Value>, name: string): Value | undefined {
  const pairs = () => list([...entries].map(([key, own]) => tuple([keyOf(key), own])));
  switch (name) {
    case "get":
      return new Func(([key, otherwise]) =>
        (key ? entries.get(dictKey(key)) : undefined) ?? otherwise ?? new None(null)
      );
    case "items":
      return new Func(pairs);
    case "keys":
      return new Func(() => list([...entries.keys()].map(keyOf)));
    case "values":
      return new Func(() => list([...entries.values()]));
  }
  return undefined;
}
