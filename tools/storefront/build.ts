/** Builds the modules whose language brings its interpreter along: too large to be committed, quick to make again. */
import { copyFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, hashOf, kept } from "../kept.ts";
import { inRepository } from "../repository.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { buildFront } from "./javascript.ts";
import { buildValidation } from "./python.ts";

const modules = inRepository("examples/storefront/modules");
const wit = join(modules, "wit");

/** Makes one component of the sources in `folder`. */
type Build = (
  request: { folder: string; wit: string; component: string },
  options: BuildOptions,
) => Promise<void>;

const builds: Record<string, Build> = { front: buildFront, validation: buildValidation };

/**
 * Puts `front.wasm` and `validation.wasm` beside their sources; equal sources are built once for all clones.
 *
 * @returns the components' paths
 * @throws Unavailable when a tool cannot be had here
 */
export async function buildLargeModules(options: BuildOptions): Promise<string[]> {
  const files: string[] = [];
  // One after another: two builds at once would only slow each other down.
  for (const [name, build] of Object.entries(builds)) {
    const folder = join(modules, name);
    // The tools' versions are pinned beside the sources, and count with them.
    const key = await hashOf([folder, wit]);
    const made = await kept(cacheFolder("storefront", `${name}-${key}`), options, async (place) => {
      options.log(`${name}: building the component (once; it is kept in ${cacheFolder("storefront")})`);
      await build({ folder, wit, component: join(place, "module.wasm") }, options);
    });
    files.push(await put(join(made, "module.wasm"), join(modules, `${name}.wasm`)));
  }
  return files;
}

/** Whoever reads the file meanwhile sees the old one or the new one, whole. */
async function put(from: string, to: string): Promise<string> {
  const part = `${to}.${process.pid}`;
  try {
    await copyFile(from, part);
    await rename(part, to);
  } finally {
    await rm(part, { force: true });
  }
  return to;
}
