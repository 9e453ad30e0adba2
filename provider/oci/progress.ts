import { formatBytes } from "../artifacts/errors.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./retry.ts";

const everyMilliseconds = 1000;

/** Reports bytes done of a total, from the second second on, once a second. */
export function progressOf(
  { log }: Call,
  clock: Clock,
  { doing, total }: { doing: string; total: number },
): (done: number) => void {
  let last = clock.now();
  return (done) => {
    const now = clock.now();
    if (now - last < everyMilliseconds) return;
    last = now;
    log?.progress(`${doing}: ${formatBytes(done)} of ${formatBytes(total)}`);
  };
}
