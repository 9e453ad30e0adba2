/**
 * Runs `work` while holding the lock that the folder `path` stands for, across processes. The lock of a process
 * that died is taken over. Rejects when `signal` is aborted while waiting; `onWait` is called once, with the
 * process that is waited for.
 */
export function withLock<T>(
  path: string,
  work: () => Promise<T>,
  options?: { signal?: AbortSignal; onWait?: (pid: number) => void },
): Promise<T>;
