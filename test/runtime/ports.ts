/**
 * Ports of servers that guests are granted by number: the same in each run where they are free. Then the sealed components
 * are the same bytes as well, and the runtimes find what they compiled of them before.
 */

/** Listens on the port that it is given, 0 being any. Fails with `EADDRINUSE` where another process has it. */
type Listen<T> = (port: number) => Promise<T>;

/** @param first below the range that systems hand out by themselves; each test file has numbers of its own */
export function portsFrom(first: number) {
  let next = first;
  return async <T>(listen: Listen<T>): Promise<T> => {
    const port = next++;
    try {
      return await listen(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      return listen(0);
    }
  };
}

export type Ports = ReturnType<typeof portsFrom>;
