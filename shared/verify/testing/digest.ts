// A fixed sample of comparisons and the digest of their verdicts, to show that every runtime decides alike.

import { pairs } from "./generate/pairs.ts";
import { hostileInputs } from "./hostile.ts";
import { accuracyReward, type PresetName, verify } from "../mod.ts";

const presets: readonly PresetName[] = ["strict", "report", "ghpo", "qwen"];

/** FNV-1a over UTF-16 units, as eight hexadecimal digits. */
export function fnv(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Digest of the verdict, tier, reason, extraction and fuel of `count` generated pairs and all hostile inputs. */
export function verdictDigest(count: number): string {
  let hash = 0x811c9dc5;
  for (const pair of pairs(count, 20_240_501)) {
    hash = fnv(JSON.stringify(verify(pair.a, pair.b, "report", { bare: true })), hash);
    hash = fnv(String(accuracyReward(pair.a, `<answer>\n\\boxed{${pair.b}}\n</answer>`, "strict")), hash);
  }
  for (const { gold, completion } of hostileInputs()) {
    for (const preset of presets) hash = fnv(JSON.stringify(verify(gold, completion, preset)), hash);
  }
  return hash.toString(16).padStart(8, "0");
}
