// Python's view of the values that @huggingface/jinja computes with: str(), repr(), ==. Its classes are not exported;
// they are taken from values that an Environment makes.

import { Environment, Interpreter, Template } from "@huggingface/jinja";

/** A value of the library, by its type's name. */
export interface Value {
  type: string;
  value: unknown;
  __bool__(): { value: boolean };
}
type Class<T> = new (value: T) => Value;
export type Call = (args: Value[], scope: Environment) => Value;

const made = new Environment();
const classOf = <T>(value: unknown) => made.set(`of${made.variables.size}`, value).constructor as Class<T>;

const Str = classOf<string>("");
const Int = classOf<number>(0);
export const Float = classOf<number>(0.5);
const Bool = classOf<boolean>(true);
export const List = classOf<Value[]>([]);
export const Dict = classOf<Map<string, Value>>({});
export const None = classOf<null>(null);
const Undefined = classOf<undefined>(undefined);
export const Func = classOf<Call>(() => 0);

/** A tuple comes from a template alone. */
function tupleClass(): Class<Value[]> {
  const scope = new Environment();
  new Interpreter(scope).run(new Template("{% set pair = (1, 2) %}").parsed);
  return scope.lookupVariable("pair").constructor as unknown as Class<Value[]>;
}
const Tuple = tupleClass();

export const str = (text: string) => new Str(text);
export const int = (number: number) => new Int(number);
export const bool = (truth: boolean) => new Bool(truth);
export const list = (items: readonly Value[]) => new List([...items]);
export const tuple = (items: readonly Value[]) => new Tuple([...items]);
export const undefinedValue = () => new Undefined(undefined);

export const isStr = (value: Value | undefined): value is Value & { value: string } =>
  value?.type === "StringValue";
export const isInt = (value: Value | undefined): value is Value & { value: number } =>
  value?.type === "IntegerValue";
/** Lists and tuples. */
export const isList = (value: Value | undefined): value is Value & { value: Value[] } =>
  value?.type === "ArrayValue" || value?.type === "TupleValue";
export const isDict = (value: Value | undefined): value is Value & { value: Map<string, Value> } =>
  value?.type === "ObjectValue" || value?.type === "KeywordArgumentsValue";
export const isNone = (value: Value | undefined) => value?.type === "NullValue";
export const isUndefined = (value: Value) => value.type === "UndefinedValue";
/** Numbers; booleans are numbers, too. */
export const isNumber = (value: Value): value is Value & { value: number | boolean } =>
  ["IntegerValue", "FloatValue", "BooleanValue"].includes(value.type);

/** The key of the library's maps, whose keys are strings, for a key of Python: a string or an integer. */
export function dictKey(key: Value): string {
  if (isStr(key)) return key.value;
  if (isInt(key)) return `\0${key.value}`;
  throw new TypeError(`a key must be a string or an integer: got ${key.type}`);
}

export function keyOf(key: string): Value {
  return key.startsWith("\0") ? int(Number(key.slice(1))) : str(key);
}

/** str(value), and what {{ value }} prints. */
export function toStr(value: Value): string {
  return isUndefined(value) ? "" : isStr(value) ? value.value : repr(value);
}

function repr(value: Value): string {
  if (isStr(value)) return quoted(value.value);
  if (isNone(value)) return "None";
  if (isUndefined(value)) return "Undefined";
  if (value.type === "BooleanValue") return value.value ? "True" : "False";
  if (isList(value)) {
    const items = value.value.map(repr);
    if (value.type === "ArrayValue") return `[${items.join(", ")}]`;
    return `(${items.join(", ")}${items.length === 1 ? "," : ""})`;
  }
  if (isDict(value)) {
    return `{${[...value.value].map(([key, own]) => `${repr(keyOf(key))}: ${repr(own)}`).join(", ")}}`;
  }
  if (isNumber(value)) return String(value);
  throw new TypeError(`a value of type ${value.type} cannot be printed as Python prints it`);
}

/** repr of a string; characters that Python does not count as printable are escaped. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short: Record<string, string> = {
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    [quote]: `\\${quote}`,
  };
  const body = [...text].map((character) => {
    if (short[character]) return short[character];
    if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2
      ? `\\x${code.padStart(2, "0")}`
      : code.length <= 4
      ? `\\u${code.padStart(4, "0")}`
      : `\\U${code.padStart(8, "0")}`;
  });
  return quote + body.join("") + quote;
}

/** Python's ==. */
export function equal(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) === Number(b.value);
  if (a.type !== b.type) return false;
  if (isList(a) && isList(b)) {
    const theirs = b.value;
    return a.value.length === theirs.length && a.value.every((own, i) => equal(own, theirs[i]!));
  }
  if (isDict(a) && isDict(b)) {
    const theirs = b.value;
    return a.value.size === theirs.size &&
      [...a.value].every(([key, own]) => theirs.has(key) && equal(own, theirs.get(key)!));
  }
  return a.value === b.value;
}

/** a < b as Python orders: numbers, strings by their characters, lists item by item. */
export function less(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) return Number(a.value) < Number(b.value);
  if (isStr(a) && isStr(b)) return less(list(codes(a.value)), list(codes(b.value)));
  if (isList(a) && isList(b)) {
    const theirs = b.value;
    const at = a.value.findIndex((own, i) => i >= theirs.length || !equal(own, theirs[i]!));
    return at < 0 ? a.value.length < theirs.length : at < theirs.length && less(a.value[at]!, theirs[at]!);
  }
  throw new TypeError(`'<' is not supported between ${a.type} and ${b.type}`);
}

const codes = (text: string) => [...text].map((character) => int(character.codePointAt(0)!));

/** The items that a loop goes through. */
export function iterate(value: Value): Value[] {
  if (isUndefined(value)) return [];
  if (isList(value)) return value.value;
  if (isStr(value)) return [...value.value].map(str);
  if (isDict(value)) return [...value.value.keys()].map(keyOf);
  throw new TypeError(`a value of type ${value.type} is not iterable`);
}
