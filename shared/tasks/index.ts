// The published benchmarks, in the order of the report.

import type { Benchmark } from "./benchmark.ts";
import { aime24 } from "./aime24.ts";
import { aime25 } from "./aime25.ts";
import { amc23 } from "./amc23.ts";
import { gpqa } from "./gpqa.ts";
import { gsm8k } from "./gsm8k.ts";
import { math500 } from "./math500.ts";
import { minerva } from "./minerva.ts";
import { olympiadbench } from "./olympiadbench.ts";
import { svamp } from "./svamp.ts";

export const benchmarks: readonly Benchmark[] = [
  aime24,
  aime25,
  math500,
  olympiadbench,
  amc23,
  minerva,
  gpqa,
  gsm8k,
  svamp,
];
