/**
 * Whose requests go to a registry now. Mostly everybody's at once; but something on the way that closes each second
 * connection can hit the same work each time, when others come in between. So where cuts come close after one another,
 * works go one after the other, each with its repetitions, until connections hold again. A single cut is everyday life.
 */
import type { Call } from "./call.ts";
import { cancelled, OciError } from "./errors.ts";
import { isCut } from "./networkErrors.ts";
import { type RetryOptions, retrying } from "./retry.ts";

/** So many answers without a cut in between say that connections hold. */
const calmAnswers = 16;

export class Turns {
  #tail: Promise<unknown> = Promise.resolve();
  #answersSinceCut = calmAnswers;
  #oneByOne = false;

  /** As `retrying`. An attempt must not wait for another work of these turns. */
  async retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
    let end: (() => void) | undefined;
    const inTurn = async () => {
      if (this.#oneByOne) end ??= await this.#take(options);
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
      this.#answersSinceCut += 1;
      if (this.#answersSinceCut >= calmAnswers) this.#oneByOne = false;
      return result;
    } catch (error) {
      if (wasCut(error)) {
        this.#oneByOne ||= this.#answersSinceCut < calmAnswers;
        this.#answersSinceCut = 0;
      }
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
