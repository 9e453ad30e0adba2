// Started by toolchain.test.ts: asks a tool chain for the tool "fake", whose only source is a build that notes its
// begin in `builds` and ends when `release` exists. Arguments: the folder of both, which has the cache in it too.
import { existsSync } from "node:fs";
import { appendFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runTask, taskSignal } from "../../../tools/task.ts";
import type { Source } from "../../../tools/toolchain/tool.ts";
import { Toolchain } from "../../../tools/toolchain/toolchain.ts";

const [folder = ""] = process.argv.slice(2);

const build: Source = {
  name: "building it",
  async obtain({ folder: output, executable, signal }) {
    const part = join(output, "half-made");
    await writeFile(part, "#!/bin/sh\n");
    await appendFile(join(folder, "builds"), `${process.pid}\n`);
    console.log("building");
    while (!existsSync(join(folder, "release"))) await delay(20, undefined, { signal });
    await rename(part, join(output, executable));
  },
};

await runTask(async () => {
  const fake = { version: "1.0.0", executable: "fake", sources: [build], install: "fake" };
  const log = (line: string) => console.log(line);
  const toolchain = new Toolchain({ fake }, { cache: join(folder, "cache"), log, signal: taskSignal });
  console.log(`path ${await toolchain.tool("fake")}`);
});
