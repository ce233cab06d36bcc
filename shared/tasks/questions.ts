// One question of a benchmark, and the forms in which its repeats ask it.

/** One question of a benchmark. */
export interface BenchmarkProblem {
  id: string;
  /** The question as the prompt shows it. */
  text: string;
  /** Gold answer, without prose around it. */
  answer: string;
  /** The worked solution, where the file has one: what hints are cut from in training. Never part of a prompt here. */
  solution?: string | null;
  /** Label that groups the report (difficulty or subject), or null. */
  level: number | string | null;
  /** Number of options of a multiple-choice question; the answer is then a letter. */
  choices?: number;
  /**
   * The question under other orders of its options: repeat r asks `orders[r % orders.length]`. The first is
   * `text` and `answer` themselves; each next one moves every option one place forward.
   */
  orders?: readonly { text: string; answer: string }[];
  /** Largest accepted absolute difference where the benchmark states one. */
  tolerance?: number;
}

/** The problem as one of its repeats asks it. */
export function asRepeat(problem: BenchmarkProblem, repeat: number): BenchmarkProblem {
  const order = problem.orders?.[repeat % problem.orders.length];
  return order === undefined ? problem : { ...problem, ...order };
}

/** The letter that a repeat's answer has in the question's first order, so that repeats can be compared. */
export function firstLetter({ orders }: BenchmarkProblem, repeat: number, answer: string): string {
  const place = LETTERS.indexOf(answer);
  if (orders === undefined || place < 0 || place >= orders.length) return answer;
  return LETTERS[(place + orders.length - repeat % orders.length) % orders.length] as string;
}

/** Names of the options of a multiple-choice question. */
export const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
