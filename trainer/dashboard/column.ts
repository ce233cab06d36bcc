// The values of one metric over the records of a run, and their mean, minimum and maximum by point of a chart.

export interface Series {
  mean: (number | null)[];
  /** Left out where every point is one record. */
  min?: (number | null)[];
  max?: (number | null)[];
}

/** Numbers in one growing array; what was never set is NaN. */
export class Column {
  #values = new Float64Array(1024).fill(NaN);

  constructor(readonly key: string) {}

  at(index: number): number {
    return this.#values[index] ?? NaN;
  }

  set(index: number, value: number): void {
    if (index >= this.#values.length) {
      const larger = new Float64Array(Math.max(index + 1, this.#values.length * 2)).fill(NaN);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[index] = value;
  }
}

/** The records [first, end) of a column in points of `width` records each. */
export function summarise(column: Column, first: number, end: number, width: number): Series {
  const mean: (number | null)[] = [];
  const min: (number | null)[] = [];
  const max: (number | null)[] = [];
  for (let start = first; start < end; start += width) {
    let [sum, count, low, high] = [0, 0, Infinity, -Infinity];
    for (let i = start; i < Math.min(start + width, end); i++) {
      const value = column.at(i);
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    mean.push(count === 0 ? null : rounded(sum / count));
    min.push(count === 0 ? null : rounded(low));
    max.push(count === 0 ? null : rounded(high));
  }
  return width === 1 ? { mean } : { mean, min, max };
}

/** Six digits: what a chart can show. */
function rounded(value: number): number {
  return Number.isSafeInteger(value) ? value : Number(value.toPrecision(6));
}
