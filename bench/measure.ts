import { taskSignal } from "../tools/task.ts";

/** Measures once; resolves to milliseconds, or to whatever is compared. */
export type Measurement = () => Promise<number>;

/**
 * Measures several things in turn (A B A B …), so that what else the machine does meets them alike. A first round warms
 * caches up and does not count.
 */
export async function interleave<Name extends string>(
  rounds: number,
  subjects: Record<Name, Measurement>,
  { warmUp = true } = {},
): Promise<Record<Name, number[]>> {
  const names = Object.keys(subjects) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const name of names) {
      taskSignal.throwIfAborted();
      const sample = await subjects[name]();
      if (round >= 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle];
  if (upper === undefined || lower === undefined) throw new Error("There is nothing to take the median of.");
  return (lower + upper) / 2;
}

/** How many times the median of `own` is that of `other`. */
export function ratio(own: readonly number[], other: readonly number[]): number {
  return median(own) / median(other);
}
