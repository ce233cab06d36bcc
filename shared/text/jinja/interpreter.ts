// @huggingface/jinja 0.5.11 with the semantics of Jinja2 in Python, as chat templates are written for. The library
// prints nothing for None and `true` for True, compares with JavaScript's ==, adds numbers to strings, reads attributes
// of undefined values, lets what a loop sets live on to its next pass, and sees the caller's variables in a macro
// (its src/runtime.ts). What differs is overridden here; a template that Python refuses is refused.

import { Environment, Interpreter } from "@huggingface/jinja";
import { attributeOf, type Filter, FILTERS, type Test, TESTS } from "./filters.ts";
import { memberOf } from "./members.ts";
import { binary } from "./operators.ts";
import {
  bool,
  type Call,
  Dict,
  dictKey,
  Func,
  int,
  isStr,
  isUndefined,
  iterate,
  list,
  str,
  toStr,
  undefinedValue,
  type Value,
} from "./values.ts";

/** A node of a parsed template; which fields there are depends on the type. */
interface Node {
  type: string;
  value: string;
  [field: string]: unknown;
}
/** The methods that the library hides from TypeScript alone. */
interface Hidden {
  evaluate(node: Node | undefined, scope: Environment): Value;
  evaluateArguments(args: Node[], scope: Environment): [Value[], Map<string, Value>];
  evaluateMemberExpression(node: Node, scope: Environment): Value;
  evaluateMacro(node: Node, scope: Environment): Value;
  applyFilter(operand: Value, filter: Node, scope: Environment): Value;
}
const Base = Interpreter as unknown as new (scope: Environment) => Hidden;
const lookup = (scope: Environment, name: string) => scope.lookupVariable(name) as unknown as Value;
const assign = (scope: Environment, name: string, value: Value) => scope.setVariable(name, value as never);

/** What leaves a pass of a loop, with the text that the pass has printed by then. */
class LeavePass extends Error {
  text = "";
  constructor(readonly ends: boolean) {
    super(`${ends ? "break" : "continue"} outside of a loop`);
  }
}

export class PythonInterpreter extends Base {
  override evaluate(node: Node | undefined, scope: Environment): Value {
    switch (node?.type) {
      case "Break":
      case "Continue":
        throw new LeavePass(node.type === "Break");
      case "ObjectLiteral":
        return new Dict(
          new Map(
            [...node.value as unknown as Map<Node, Node>].map(([key, own]) => [
              dictKey(this.evaluate(key, scope)),
              this.evaluate(own, scope),
            ]),
          ),
        );
      default:
        return super.evaluate(node, scope);
    }
  }

  evaluateBlock(nodes: Node[], scope: Environment): Value {
    let text = "";
    try {
      for (const node of nodes) {
        const value = this.evaluate(node, scope);
        if (!SILENT.has(node.type)) text += toStr(value);
      }
    } catch (error) {
      if (error instanceof LeavePass) error.text = text + error.text;
      throw error;
    }
    return str(text);
  }

  evaluateFor(node: Node, scope: Environment): Value {
    const { iterable, loopvar, body, defaultBlock } = node as unknown as {
      iterable: Node;
      loopvar: Node;
      body: Node[];
      defaultBlock: Node[];
    };
    const filtered = iterable.type === "SelectExpression";
    const source = this.evaluate(filtered ? iterable["lhs"] as Node : iterable, scope);
    const passes = iterate(source).map((item) => {
      const own = new Environment(scope);
      unpack(loopvar, item, own);
      return { item, own };
    }).filter(({ own }) => !filtered || this.evaluate(iterable["test"] as Node, own).__bool__().value);
    if (passes.length === 0) return this.evaluateBlock(defaultBlock, new Environment(scope));
    let text = "";
    for (const [i, { own }] of passes.entries()) {
      assign(own, "loop", loopOf(passes.map(({ item }) => item), i));
      try {
        text += toStr(this.evaluateBlock(body, own));
      } catch (error) {
        if (!(error instanceof LeavePass)) throw error;
        text += error.text;
        if (error.ends) break;
      }
    }
    return str(text);
  }

  /** A macro sees where it is defined, and the block of the call that calls it. */
  override evaluateMacro(node: Node, scope: Environment): Value {
    const result = super.evaluateMacro(node, scope);
    const name = (node["name"] as Node).value;
    const call = lookup(scope, name).value as Call;
    const bound: Call = (args, from) => {
      const own = new Environment(scope);
      const caller = lookup(from, "caller");
      if (!isUndefined(caller)) assign(own, "caller", caller);
      return call(args, own);
    };
    assign(scope, name, new Func(bound));
    return result;
  }

  override evaluateMemberExpression(node: Node, scope: Environment): Value {
    const property = node["property"] as Node;
    const named = !node["computed"] && property.type === "Identifier";
    const object = this.evaluate(node["object"] as Node, scope);
    if (isUndefined(object)) {
      throw new TypeError(`an undefined value has no attribute ${property.value ?? ""}`);
    }
    if (property.type === "SliceExpression") return super.evaluateMemberExpression(node, scope);
    const key = named
      ? str(property.value)
      : property.type === "IntegerLiteral" && !node["computed"]
      ? int(Number(property.value))
      : this.evaluate(property, scope);
    return memberOf(object, key, named);
  }

  evaluateBinaryExpression(node: Node, scope: Environment): Value {
    const operator = (node["operator"] as Node).value;
    const left = this.evaluate(node["left"] as Node, scope);
    const right = () => this.evaluate(node["right"] as Node, scope);
    if (operator === "and") return left.__bool__().value ? right() : left;
    if (operator === "or") return left.__bool__().value ? left : right();
    return binary(operator, left, right());
  }

  override applyFilter(operand: Value, filter: Node, scope: Environment): Value {
    const called = filter.type === "CallExpression";
    const name = called ? (filter["callee"] as Node).value : filter.value;
    const parts: [Value[], Map<string, Value>] = called
      ? this.evaluateArguments(filter["args"] as Node[], scope)
      : [[], new Map()];
    if (Object.hasOwn(FILTERS, name)) return FILTERS[name]!(operand, ...parts);
    if (PICKERS.includes(name)) return this.#pick(name, operand, ...parts);
    if (name === "tojson" && isUndefined(operand)) throw new TypeError("an undefined value is not JSON");
    return super.applyFilter(operand, filter, scope);
  }

  /** map, select, reject, selectattr and rejectattr. */
  #pick(name: string, operand: Value, args: Value[], named: Map<string, Value>): Value {
    const items = operand.__bool__().value ? iterate(operand) : []; // None has none, too
    if (name === "map") {
      const attribute = named.get("attribute");
      if (attribute) {
        return list(items.map((item) => {
          const own = attributeOf(item, attribute);
          return isUndefined(own) ? named.get("default") ?? own : own;
        }));
      }
      const [filter, ...rest] = args;
      const apply: Filter | undefined = isStr(filter) ? FILTERS[filter.value] : undefined;
      if (!apply) throw new TypeError(`the filter ${filter ? toStr(filter) : ""} is not implemented in map`);
      return list(items.map((item) => apply(item, rest, named)));
    }
    const [attribute, test, ...rest]: (Value | undefined)[] = name.endsWith("attr")
      ? args
      : [undefined, ...args];
    const apply: Test | undefined = test === undefined
      ? (value) => value.__bool__().value
      : testOf(toStr(test));
    if (!apply) throw new TypeError(`the test ${toStr(test!)} is not implemented`);
    const wanted = name.startsWith("select");
    return list(items.filter((item) => apply(attributeOf(item, attribute), ...rest as Value[]) === wanted));
  }

  evaluateTestExpression(node: Node, scope: Environment): Value {
    const name = (node["test"] as Node).value;
    const test = testOf(name);
    if (!test) throw new TypeError(`the test ${name} is not implemented`);
    return bool(test(this.evaluate(node["operand"] as Node, scope)) !== node["negate"]);
  }
}

/** Nodes that print nothing. */
const SILENT = new Set(["Set", "Macro", "Comment"]);
const PICKERS = ["map", "select", "reject", "selectattr", "rejectattr"];
const libraryTests = new Environment().tests as unknown as ReadonlyMap<string, Test>;
const testOf = (name: string): Test | undefined =>
  Object.hasOwn(TESTS, name) ? TESTS[name] : libraryTests.get(name);

function unpack(target: Node, item: Value, scope: Environment): void {
  if (target.type === "Identifier") {
    assign(scope, target.value, item);
    return;
  }
  const targets = target.value as unknown as Node[];
  const items = iterate(item);
  if (items.length !== targets.length) {
    throw new TypeError(`${items.length} values cannot be unpacked into ${targets.length} names`);
  }
  for (const [i, own] of targets.entries()) unpack(own, items[i]!, scope);
}

function loopOf(items: Value[], i: number): Value {
  return new Dict(
    new Map<string, Value>([
      ["index", int(i + 1)],
      ["index0", int(i)],
      ["revindex", int(items.length - i)],
      ["revindex0", int(items.length - i - 1)],
      ["first", bool(i === 0)],
      ["last", bool(i === items.length - 1)],
      ["length", int(items.length)],
      ["previtem", items[i - 1] ?? undefinedValue()],
      ["nextitem", items[i + 1] ?? undefinedValue()],
      ["cycle", new Func((own) => own[i % own.length]!)],
    ]),
  );
}
