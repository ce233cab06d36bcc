import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { goldFiles } from "./golds.ts";
import { checkGold, verify } from "../mod.ts";
import { needs, outsideRows, setting } from "./outside.ts";

/** Distinct golds of one file that are the same answer written twice. */
const duplicates = new Map([["gsm8k-test.jsonl", 2], ["gsm8k-train.jsonl", 27], ["math500.jsonl", 20], [
  "minerva-math.jsonl",
  1,
], ["olympiadbench.jsonl", 10]]);

for (const { file, golds } of goldFiles) {
  describe(`golds of ${file}`, needs(`data/${file}`), () => {
    const all = (): string[] => outsideRows<Record<string, unknown>>(`data/${file}`).flatMap(golds);

    it("are read and equal themselves without comparing texts, unless they are words", () => {
      const bad: string[] = [];
      const words = new Set<string>();
      for (const gold of new Set(all())) {
        const { verdict, tier } = checkGold(gold);
        if (verdict !== true) bad.push(gold);
        else if (tier === "text") words.add(gold);
      }
      assert.deepEqual(bad, []);
      if (words.size > 0) console.log(`${file}: golds that are words: ${[...words].join(" | ")}`);
      for (const gold of words) assert.match(gold, /^\\text\{[A-Za-z() ]+\}$/);
    });

    it("do not equal each other beyond duplicates", () => {
      const distinct = [...new Set(all())].slice(0, setting("GHPO_VERIFY_GOLDS", 60));
      let equal = 0;
      for (const [i, a] of distinct.entries()) {
        for (const b of distinct.slice(i + 1)) {
          if (verify(a, b, "report", { bare: true }).verdict === true) equal++;
        }
      }
      assert.ok(equal <= (duplicates.get(file) ?? 0), `${equal} pairs`);
    });
  });
}
