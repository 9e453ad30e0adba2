/** Builds the stock modules into the cache folder, and prints where they are; names those that cannot be built here. */
import { stockModule, stockModules } from "./stock/modules.ts";
import { runTask, taskSignal } from "./task.ts";
import { Unavailable } from "./toolchain/tool.ts";

await runTask(async () => {
  const log = (line: string) => console.error(line);
  for (const module of stockModules) {
    try {
      console.log(`${module.name}: ${await stockModule(module, { log, signal: taskSignal })}`);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      console.log(`${module.name}: skipped: ${error.message}`);
    }
  }
});
