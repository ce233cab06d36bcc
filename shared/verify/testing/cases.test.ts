import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRow, rowOptions, verify } from "../mod.ts";
import { needs, outsideRows } from "./outside.ts";
import { hendrycksNormal, minervaNormal } from "../graders/strings.ts";

type Case = { id: string; gold: string; pred: string; expected: boolean; policy?: string };

const file = "verify-cases/cases.jsonl";
const cases = (): Case[] => outsideRows<Case>(file);
const judged = (row: Case): boolean => {
  const parsed = parseRow(JSON.stringify(row), 1);
  return verify(parsed.gold, parsed.pred, "report", rowOptions(parsed)).verdict === true;
};

describe("rows of public graders", needs(file), () => {
  it("agrees with at least 97 % of the rows without a policy, with at most two false positives", () => {
    const rows = cases().filter((row) => row.policy === undefined);
    const wrong = rows.filter((row) => judged(row) !== row.expected);
    const falsePositives = wrong.filter((row) => !row.expected).map((row) => row.id);
    assert.ok(1 - wrong.length / rows.length >= 0.97, `wrong: ${wrong.map((row) => row.id).join(", ")}`);
    assert.ok(falsePositives.length <= 2, `false positives: ${falsePositives.join(", ")}`);
  });

  it("decides the rows with a policy by the option of that policy", () => {
    // The label of "upstream-label-wrong" says that 1 - 1/e equals 1 + 1/e.
    const rows = cases().filter((row) => row.policy !== undefined && row.policy !== "upstream-label-wrong");
    assert.deepEqual(rows.filter((row) => judged(row) !== row.expected).map((row) => row.id), []);
  });
});

describe("public reports of wrong grading and restated golds", needs("verify-cases/cases-2.jsonl"), () => {
  type Report = Case & { presets: ("strict" | "report" | "choice")[] };

  it("are decided as labelled in at least 97 % under the presets they are meant for, and no wrong answer is right", () => {
    const pairs = outsideRows<Report>("verify-cases/cases-2.jsonl").flatMap((row) =>
      row.presets.map((preset) => ({
        ...row,
        preset,
        right: verify(row.gold, row.pred, preset).verdict === true,
      }))
    );
    const wrong = pairs.filter(({ right, expected }) => right !== expected);
    assert.deepEqual(
      wrong.filter(({ expected }) => !expected).map(({ id, preset }) => `${id} ${preset}`),
      [],
    );
    assert.ok(
      1 - wrong.length / pairs.length >= 0.97,
      wrong.map(({ id, preset }) => `${id} ${preset}`).join(", "),
    );
  });
});

describe("the reward of the GHPO code", needs("verify-cases/ghpo-reward-behaviour.jsonl"), () => {
  type Behaviour = { name: string; completion: string; gold: string; observed_0_5_2: number | null };

  it("is reproduced by the preset ghpo on every row", () => {
    for (const row of outsideRows<Behaviour>("verify-cases/ghpo-reward-behaviour.jsonl")) {
      const { verdict } = verify(row.gold, row.completion, "ghpo");
      assert.equal(verdict === null ? null : verdict === true ? 1 : 0, row.observed_0_5_2, row.name);
    }
  });
});

describe("the benchmarks' own graders", needs("verify-cases/grader-verdicts.jsonl"), () => {
  type Verdicts = { id: string; hendrycks: boolean; minerva_norm: boolean; dapo_e2e: boolean };

  /** What those measurements compared: the content of the last box, else the text without its dollar signs. */
  function core(text: string): string {
    const start = text.lastIndexOf("\\boxed{");
    let depth = 0;
    for (let i = start + 6; start >= 0 && i < text.length; i++) {
      if (text[i] === "{") depth++;
      else if (text[i] === "}" && --depth === 0) return text.slice(start + 7, i);
    }
    return text.trim().replace(/^\$+|\$+$/g, "");
  }

  it("decide as measured", () => {
    const verdicts = new Map(
      outsideRows<Verdicts>("verify-cases/grader-verdicts.jsonl").map((row) => [row.id, row]),
    );
    const agree = { hendrycks: 0, minerva: 0, dapo: 0 };
    const rows = cases();
    for (const { id, gold, pred } of rows) {
      const measured = verdicts.get(id)!;
      if ((hendrycksNormal(core(gold)) === hendrycksNormal(core(pred))) === measured.hendrycks) {
        agree.hendrycks++;
      }
      if ((minervaNormal(core(gold)) === minervaNormal(core(pred))) === measured.minerva_norm) {
        agree.minerva++;
      }
      if ((verify(gold, pred, "dapo").verdict === true) === measured.dapo_e2e) agree.dapo++;
    }
    assert.equal(agree.hendrycks, rows.length);
    assert.equal(agree.dapo, rows.length);
    // In four rows the measured run cut the text before the first dollar sign.
    assert.ok(agree.minerva >= rows.length - 4, `${agree.minerva} of ${rows.length}`);
  });
});
