/** Programs that only the benchmark uses: installed on demand into the user's cache folder, once for all clones. */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod";
import { withLock } from "../tools/lock.mjs";
import { TaskError, taskSignal } from "../tools/task.ts";
import { cacheFolder } from "../tools/toolchain/index.ts";
import { run } from "../tools/toolchain/process.ts";

/** npm packages, with the version that the figures are made with. */
const versions = {
  // 340 MB with its dependencies, which is why it is no dependency of this repository.
  "@bytecodealliance/jco": "1.35.0",
  autocannon: "8.0.0",
};

const manifestSchema = z.object({ bin: z.record(z.string(), z.string()) });

/** The script that an npm package is started with, which is installed first when it is missing. */
export async function packageScript(name: keyof typeof versions): Promise<string> {
  const version = versions[name];
  const program = name.slice(name.lastIndexOf("/") + 1);
  const folder = cacheFolder("bench", `${program}-${version}`);
  const installed = join(folder, ".installed");
  await mkdir(dirname(folder), { recursive: true });
  const install = async () => {
    if (existsSync(installed)) return;
    console.error(`Installing ${name} ${version} into ${folder} (once)`);
    await rm(folder, { recursive: true, force: true });
    await npmInstall(folder, `${name}@${version}`);
    await writeFile(installed, "");
  };
  await withLock(`${folder}.lock`, install, { signal: taskSignal });
  const home = join(folder, "node_modules", name);
  const { bin } = manifestSchema.parse(JSON.parse(await readFile(join(home, "package.json"), "utf8")));
  const script = bin[program];
  if (script === undefined) throw new TaskError(`${name} ${version} has no program of its name.`);
  return join(home, script);
}

async function npmInstall(folder: string, specification: string): Promise<void> {
  await mkdir(folder);
  // Without a manifest of its own npm would install into the nearest folder that has one.
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, errors } = await run("npm", ["install", "--prefix", folder, ...options, specification], {
    cwd: folder,
    signal: taskSignal,
  });
  if (code !== 0) throw new TaskError(`${specification} could not be installed.\n${errors.join("\n")}`);
}
