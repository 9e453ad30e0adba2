// Builds the plugin into `dist`.
import { relative } from "node:path";
import { buildPlugin } from "./build/plugin.ts";
import { root } from "./repository.ts";
import { runTask } from "./task.ts";

await runTask(async () => {
  const started = performance.now();
  const executable = await buildPlugin();
  console.log(`${relative(root, executable)} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
});
