import { constants } from "node:os";

/** A task's failure that a person can act on: printed without a stack. */
export class TaskError extends Error {
  override readonly name = "TaskError";
}

const aborted = new AbortController();

/** Aborted when the person or the system asks the running task to end. */
export const taskSignal: AbortSignal = aborted.signal;

/**
 * Runs a task of package.json; a failure sets the exit code and prints what there is to say. A signal aborts
 * `taskSignal`, so that the task can clean up; a second one ends the process at once.
 */
export async function runTask(task: () => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      aborted.abort();
    });
  }
  try {
    await task();
  } catch (error) {
    if (aborted.signal.aborted) return;
    console.error(error instanceof TaskError ? error.message : error);
    process.exitCode = 1;
  }
}
