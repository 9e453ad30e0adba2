/**
 * Work that several resources want at the same time, done once for all of them. What failed is forgotten, and what was
 * cancelled with the resource that began it is begun again for those that still wait.
 */
export class Shared<T> {
  readonly #isKept: boolean;
  readonly #works = new Map<string, { result: Promise<T>; signal: AbortSignal }>();

  /** @param results `kept`: the first success is the answer from then on */
  constructor(results: "kept" | "while under way") {
    this.#isKept = results === "kept";
  }

  async get(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (;;) {
      signal.throwIfAborted();
      const { result, signal: owner } = this.#works.get(key) ?? this.#begin(key, signal, work);
      try {
        return await until(result, signal);
      } catch (error) {
        if (!owner.aborted || signal.aborted) throw error;
      }
    }
  }

  #begin(key: string, signal: AbortSignal, work: () => Promise<T>) {
    const begun = { result: work(), signal };
    const forget = () => {
      if (this.#works.get(key) === begun) this.#works.delete(key);
    };
    this.#works.set(key, begun);
    begun.result.then(this.#isKept ? undefined : forget, forget);
    return begun;
  }
}

/** Stops waiting, not the work, when the signal is aborted. */
async function until<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([result, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
