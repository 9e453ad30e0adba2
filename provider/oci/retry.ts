import { setTimeout as wait } from "node:timers/promises";
import type { Call } from "./call.ts";
import { cancelled, OciError } from "./errors.ts";

/** Time, as tests set it. */
export interface Clock {
  /** Milliseconds, from any start. */
  now(): number;
  /** Rejects when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<unknown>;
  /** From 0 to 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => wait(milliseconds, undefined, { signal }),
  random: Math.random,
};

/** Tries in a row that gain nothing. */
const attempts = 4;
/** Tries in all, for a server that gives a little each time. */
const attemptsInAll = 40;
const firstDelay = 250;
const longestDelay = 8_000;
/** A registry that asks for more than this many seconds is not waited for. */
const longestRetryAfter = 60;

export interface RetryOptions extends Call {
  clock: Clock;
  /** Whether the last try brought the work forward: then counting starts again. */
  gained?: () => boolean;
}

/**
 * Repeats what may succeed when it is made again (`OciError.retry`), after an exponential back-off with full jitter, or
 * after what the registry asks for. Throws the last error.
 */
export async function retrying<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  let inVain = 0;
  let slow = 0;
  for (let tries = 1; ; tries++) {
    if (options.signal.aborted) throw cancelled();
    try {
      return await attempt();
    } catch (error) {
      if (options.signal.aborted) throw cancelled();
      inVain = options.gained?.() ? 1 : inVain + 1;
      if (!(error instanceof OciError)) throw error;
      if (error.retry === "once") slow += 1;
      if (slow > 1 || !mayRetry(error, inVain, tries)) throw error;
      const delay = delayBefore(error, inVain, options.clock);
      options.log?.debug(`${error.message} Trying again in ${Math.round(delay)} ms.`);
      await options.clock.sleep(delay, options.signal).catch(() => {
        throw cancelled();
      });
    }
  }
}

function mayRetry(error: OciError, inVain: number, tries: number): boolean {
  if (error.retry === "no" || tries >= attemptsInAll) return false;
  if (error.retryAfter !== undefined && error.retryAfter > longestRetryAfter) return false;
  return inVain < attempts;
}

/** Milliseconds. What the registry asks for is the least; jitter on top keeps clients from coming back together. */
function delayBefore(error: OciError, inVain: number, clock: Clock): number {
  const backOff = clock.random() * Math.min(longestDelay, firstDelay * 2 ** (inVain - 1));
  return (error.retryAfter ?? 0) * 1000 + backOff;
}
