/** What is under way: each request has a signal that ends it, and Cancel ends them all. */
import { PartialFailure, ProviderError } from "../errors.ts";

export class Operations {
  readonly #cancelled = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /**
   * Runs one request. Its signal is aborted by Cancel, by the caller, and when `timeoutSeconds` have passed (0: no limit).
   * The answer waits for the work to come to its end, so that nothing goes on behind the engine's back.
   */
  async run<T>(
    caller: AbortSignal,
    timeoutSeconds: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const limit = timeoutSeconds > 0 ? [AbortSignal.timeout(timeoutSeconds * 1000)] : [];
    const signal = AbortSignal.any([this.#cancelled.signal, caller, ...limit]);
    const running = Promise.resolve().then(() => {
      signal.throwIfAborted();
      return work(signal);
    });
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      if (signal.aborted && !(error instanceof PartialFailure)) throw interruption(signal, timeoutSeconds);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Aborts everything and waits until it has come to its end, so that nothing is left half-done. */
  async cancel(): Promise<void> {
    this.#cancelled.abort(new ProviderError("cancelled", "Cancelled."));
    await Promise.allSettled(this.#running);
  }
}

function interruption(signal: AbortSignal, timeoutSeconds: number): ProviderError {
  const reason: unknown = signal.reason;
  if (reason instanceof ProviderError) return reason;
  return reason instanceof DOMException && reason.name === "TimeoutError"
    ? new ProviderError("timeout", `Not done within the custom timeout of ${timeoutSeconds} s.`)
    : new ProviderError("cancelled", "Cancelled by the engine.");
}
