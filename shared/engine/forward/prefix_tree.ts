// Token sequences as a radix tree, in which a shared prefix is stored once. Nothing is assumed about prompts or
// templates, the longest common run of tokens decides.

import type { Segment } from "#shared/engine/ops/attention/segments.ts";

/** Fewer tokens are not worth a branch: every one leaves tiles of attention unfilled. */
const FEWEST_SHARED = 8;

interface Node {
  /** A sequence that runs through the node, of which it is the tokens from `from` to `to` - 1. */
  source: ArrayLike<number>;
  from: number;
  to: number;
  /** Where its first token lies, once laid out. */
  first: number;
  children: Node[];
}

/** A node laid out: its tokens are those of `source` from its position on. */
export interface Placed extends Segment {
  source: ArrayLike<number>;
}

export class PrefixTree {
  readonly #root: Node = { source: [], from: 0, to: 0, first: 0, children: [] };
  /** Of all nodes. */
  tokens = 0;

  /** Tokens that a sequence would add. */
  cost(ids: ArrayLike<number>): number {
    const { at } = this.#descend(ids);
    return ids.length - at;
  }

  add(ids: ArrayLike<number>): void {
    const { node, inside, at } = this.#descend(ids);
    this.tokens += ids.length - at;
    if (at === ids.length) return; // all of it is there
    const end = inside < node.to ? split(node, inside) : node;
    if (end !== this.#root && end.children.length === 0) Object.assign(end, { source: ids, to: ids.length });
    else end.children.push({ source: ids, from: at, to: ids.length, first: 0, children: [] });
  }

  /** Lays all nodes out, each followed by what lies below it. */
  place(): Placed[] {
    const placed: Placed[] = [];
    let tokens = 0;
    const visit = (node: Node, parent: number) => {
      const { source, from, to } = node;
      node.first = tokens;
      placed.push({ source, first: tokens, tokens: to - from, parent, position: from });
      tokens += to - from;
      const own = placed.length - 1;
      for (const child of node.children) visit(child, own);
    };
    for (const child of this.#root.children) visit(child, -1);
    return placed;
  }

  /** Where the tokens of a sequence that was added lie; to be asked after `place`. */
  rowsOf(ids: ArrayLike<number>): Uint32Array {
    const rows = new Uint32Array(ids.length);
    let node = this.#root;
    for (let at = 0; at < ids.length;) {
      const next = closest(node, ids);
      if (!next) throw new RangeError("Cannot find a sequence as it must have been added to the tree");
      node = next.child;
      for (let i = 0; i < next.shared; i++) rows[at + i] = node.first + i;
      at += next.shared;
    }
    return rows;
  }

  /** Follows a sequence as far as it is there: to position `inside` of `node`, with `at` of its tokens passed. */
  #descend(ids: ArrayLike<number>): { node: Node; inside: number; at: number } {
    let node = this.#root;
    for (let next = closest(node, ids); next; next = closest(node, ids)) {
      const inside = next.child.from + next.shared;
      if (inside < next.child.to || inside === ids.length) return { node: next.child, inside, at: inside };
      node = next.child;
    }
    return { node, inside: node.to, at: node.to };
  }
}

/** The child that begins as `ids` continues after `node`, where that is worth it, and how many tokens they share. */
function closest(node: Node, ids: ArrayLike<number>): { child: Node; shared: number } | undefined {
  let best: { child: Node; shared: number } | undefined;
  for (const child of node.children) {
    const most = Math.min(child.to, ids.length) - child.from;
    let shared = 0;
    while (shared < most && child.source[child.from + shared] === ids[child.from + shared]) shared++;
    if (shared > (best?.shared ?? 0)) best = { child, shared };
  }
  if (!best) return undefined;
  const { child, shared } = best;
  const whole = shared === child.to - child.from || child.from + shared === ids.length;
  return whole || shared >= FEWEST_SHARED ? best : undefined;
}

/** Cuts a node at a position; returns the upper part, which has the lower one as its child. */
function split(node: Node, at: number): Node {
  Object.assign(node, { to: at, children: [{ ...node, from: at }] });
  return node;
}
