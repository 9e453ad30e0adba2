/**
 * Works on several items at once. The first that fails ends the others, and is thrown when all have come to their end, so
 * that nothing goes on behind the caller's back.
 *
 * @param most how many at a time
 */
export async function allOrNone<T, U>(
  items: readonly T[],
  { signal, most }: { signal: AbortSignal; most: number },
  work: (item: T, signal: AbortSignal) => Promise<U>,
): Promise<U[]> {
  const failed = new AbortController();
  const failures: unknown[] = [];
  const results: U[] = [];
  const waiting = items.entries();
  const combined = AbortSignal.any([signal, failed.signal]);
  const worker = async () => {
    for (const [index, item] of waiting) {
      if (failures.length > 0) return;
      try {
        results[index] = await work(item, combined);
      } catch (error) {
        failures.push(error);
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
