// Everything that can be said of the sources without running a test.
import { inRepository, root } from "./repository.ts";
import { runTask, TaskError, taskSignal } from "./task.ts";
import { run } from "./toolchain/process.ts";

const packageScript = (...path: string[]) => inRepository("node_modules", ...path);

const checks: Record<string, string[]> = {
  "format and lint": [
    packageScript("@biomejs", "biome", "bin", "biome"),
    "check",
    "--error-on-warnings",
    "--diagnostic-level=warn",
    "--colors=off",
  ],
  types: [packageScript("typescript", "bin", "tsc"), "-p", "."],
  "unused code": [packageScript("knip", "bin", "knip.js"), "--no-progress"],
  schema: [inRepository("tools", "schema.ts"), "--check"],
  SDKs: [inRepository("tools", "sdk.ts"), "--check"],
  guests: [inRepository("tools", "guests.ts"), "--check"],
  guards: [inRepository("tools", "guards.ts"), "--check"],
  composer: [inRepository("tools", "composer.ts"), "--check"],
};

await runTask(async () => {
  const failed: string[] = [];
  for (const [name, args] of Object.entries(checks)) {
    const started = performance.now();
    const output: string[] = [];
    const onLine = (line: string) => output.push(line);
    const { code, stdout } = await run(process.execPath, args, { cwd: root, signal: taskSignal, onLine });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? "ok    " : "failed"} ${name} (${seconds} s)`);
    if (code === 0) continue;
    failed.push(name);
    console.log([stdout, ...output].join("\n"));
  }
  if (failed.length > 0) throw new TaskError(`Failed: ${failed.join(", ")}.`);
});
