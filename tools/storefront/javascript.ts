import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, hashOf, kept } from "../kept.ts";
import { inRepository } from "../repository.ts";
import { TaskError } from "../task.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { run } from "../toolchain/process.ts";
import { Unavailable } from "../toolchain/tool.ts";

/** Makes a component of JavaScript with ComponentizeJS, in the version that the folder's package-lock.json pins. */
export async function buildFront(
  { folder, wit, component }: { folder: string; wit: string; component: string },
  options: BuildOptions,
): Promise<void> {
  const tools = await componentizeJs(folder, options);
  // The script finds its packages relative to itself.
  const script = join(tools, "build.js");
  await copyFile(join(folder, "build.js"), script);
  const { signal } = options;
  const built = await run(process.execPath, [script, join(folder, "front.js"), wit, component], { signal });
  if (built.code !== 0)
    throw new TaskError(`front.js does not become a component:\n${built.errors.join("\n")}`);
}

/** The folder that the packages are installed in, once for all clones: they take 400 MB. */
async function componentizeJs(folder: string, options: BuildOptions): Promise<string> {
  const key = await hashOf([folder], ["package.json", "package-lock.json"]);
  const platform = `${process.platform}-${process.arch}`;
  const place = cacheFolder("storefront-tools", `componentize-js-${key}-${platform}`);
  return kept(place, options, async (cwd) => {
    options.log(`Installing ComponentizeJS (once; it is kept in ${cacheFolder("storefront-tools")})`);
    for (const name of ["package.json", "package-lock.json"])
      await copyFile(join(folder, name), join(cwd, name));
    await copyFile(inRepository(".npmrc"), join(cwd, ".npmrc"));
    // Not `npm ci`: it refuses a lock that lacks a platform's optional package. No package needs its install script.
    const args = ["install", "--no-save", "--ignore-scripts", "--loglevel=error"];
    const installed = await run("npm", args, { cwd, signal: options.signal }).catch(unavailable);
    if (installed.code !== 0) unavailable(new Error(installed.errors.slice(-3).join(" | ")));
  });
}

function unavailable(error: Error): never {
  if (error.name === "AbortError") throw error;
  throw new Unavailable(
    `ComponentizeJS, which builds the module front, cannot be installed: ${error.message}`,
  );
}
