/** One line of the benchmark's output. */
export interface Figure {
  /** What was measured. */
  name: string;
  value: number;
  /**
   * `times`: a ratio of medians that were measured in the same run. `MB`: 10^6 bytes, `kB`: 10^3.
   * `µs` and `s`: microseconds and seconds, a difference of medians that were measured in the same run. `s/resource`:
   * seconds of one command by the resources of its program. `count`: a whole number.
   */
  unit: "times" | "µs" | "s" | "kB" | "MB" | "s/resource" | "count";
  /** What it was compared with, as the end of a sentence that begins with the value. */
  against?: string;
  /** The most that it may be; without it there is no goal. */
  atMost?: number;
  /** What the value comes from, by what was measured. Times are milliseconds, rates requests per second. */
  samples?: Record<string, readonly number[]>;
}

/** Whether the figure reaches its goal; undefined without one. */
export function isMet({ value, atMost }: Figure): boolean | undefined {
  return atMost === undefined ? undefined : value <= atMost;
}

/** The figure for people: `Spawn to port: 1.08 times a bare server (goal: at most 1.3; met)`. */
export function describe(figure: Figure): string {
  const { name, value, unit, against, atMost } = figure;
  const goal = atMost === undefined ? "" : ` (goal: at most ${atMost}; ${isMet(figure) ? "met" : "missed"})`;
  return `${name}: ${number(value)}${unit === "count" ? "" : ` ${unit}`}${against ? ` ${against}` : ""}${goal}`;
}

/** Three significant digits, and no fraction where whole numbers are precise enough. */
function number(value: number): string {
  return value >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toPrecision(3);
}
