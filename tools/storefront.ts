/**
 * Builds the storefront's modules that are not committed, `front` and `validation`, into `examples/storefront/modules`.
 * The small ones, `auth` and `images`, are committed: `tools/storefront/rust.ts` builds those.
 */
import { relative } from "node:path";
import { root } from "./repository.ts";
import { buildLargeModules } from "./storefront/build.ts";
import { runTask, TaskError, taskSignal } from "./task.ts";
import { Unavailable } from "./toolchain/tool.ts";

await runTask(async () => {
  const log = (line: string) => console.error(line);
  const files = await buildLargeModules({ log, signal: taskSignal }).catch((error) => {
    throw error instanceof Unavailable ? new TaskError(error.message) : error;
  });
  for (const file of files) console.log(relative(root, file));
});
