/** A task's failure that a person can act on: printed without a stack. */
export class TaskError extends Error {
  override readonly name = "TaskError";
}

/** Runs a task of package.json; a failure sets the exit code and prints what there is to say. */
export async function runTask(task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    console.error(error instanceof TaskError ? error.message : error);
    process.exitCode = 1;
  }
}
