/**
 * Whose requests go to a registry now. Mostly everybody's at once; but something on the way that closes connections, as
 * each second one, hits a work that others come in between each time. So from the first cut on, works go one after the
 * other, each with its repetitions, until connections hold again.
 */
import type { Call } from "./call.ts";
import { cancelled, OciError } from "./errors.ts";
import { isCut } from "./networkErrors.ts";
import { type RetryOptions, retrying } from "./retry.ts";

/** As many answers without a cut in between say that connections hold. */
const calmAnswers = 16;

export class Turns {
  #tail: Promise<unknown> = Promise.resolve();
  /** Answers that are still to come until works go at once again. */
  #wary = 0;

  /** As `retrying`. An attempt must not wait for another work of these turns. */
  async retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
    let end: (() => void) | undefined;
    const inTurn = async () => {
      if (this.#wary > 0) end ??= await this.#take(options);
      return this.#observed(attempt);
    };
    try {
      return await retrying(inTurn, options);
    } finally {
      end?.();
    }
  }

  async #observed<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      const result = await attempt();
      if (this.#wary > 0) this.#wary -= 1;
      return result;
    } catch (error) {
      if (wasCut(error)) this.#wary = calmAnswers;
      throw error;
    }
  }

  /** @returns what ends the turn */
  async #take({ signal }: Call): Promise<() => void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const former = this.#tail;
    this.#tail = former.then(() => promise);
    if (await endsBefore(former, signal)) return resolve;
    resolve();
    throw cancelled();
  }
}

/** False: the signal came first. */
async function endsBefore(former: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise: aborted, resolve: abort } = Promise.withResolvers<false>();
  const onAbort = () => abort(false);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([former.then(() => true), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether a request ended with its connection. */
export function wasCut(error: unknown): boolean {
  return error instanceof OciError && isCut(error.cause);
}
