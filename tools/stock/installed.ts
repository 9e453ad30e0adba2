/** Packages of npm and PyPI that hold tool chains: installed once for all clones, pinned by the files beside the sources. */
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { type BuildOptions, hashOf, kept } from "../kept.ts";
import { inRepository } from "../repository.ts";
import { cacheFolder } from "../toolchain/index.ts";
import { type RunOptions, run } from "../toolchain/process.ts";
import { Unavailable } from "../toolchain/tool.ts";

const python = process.platform === "win32" ? "python" : "python3";
const locks = ["package.json", "package-lock.json"];

/**
 * The folder in which the packages of `source`'s package-lock.json are installed.
 *
 * @param name how the tool is called in the cache and in messages
 * @throws Unavailable when they cannot be installed here
 */
export async function npmPackages(name: string, source: string, options: BuildOptions): Promise<string> {
  const key = await hashOf([source], locks);
  const place = cacheFolder("storefront-tools", `${name}-${key}-${process.platform}-${process.arch}`);
  return kept(place, options, async (cwd) => {
    options.log(`Installing ${name} (once; it is kept in ${place})`);
    for (const file of locks) await copyFile(join(source, file), join(cwd, file));
    await copyFile(inRepository(".npmrc"), join(cwd, ".npmrc"));
    // Not `npm ci`: it refuses a lock that lacks a platform's optional package. No package needs its install script.
    const args = ["install", "--no-save", "--ignore-scripts", "--loglevel=error"];
    await succeed(name, "npm", args, { cwd, signal: options.signal });
  });
}

/**
 * Runs a Python program that uses the packages of `source`'s requirements.txt.
 *
 * @throws Unavailable when they cannot be installed here
 */
export async function runPython(
  { name, source, args, env }: { name: string; source: string; args: string[]; env?: Record<string, string> },
  options: BuildOptions,
): Promise<{ code: number; errors: string[] }> {
  const packages = await pythonPackages(name, source, options);
  return run(python, args, { env: { ...env, PYTHONPATH: packages }, signal: options.signal });
}

async function pythonPackages(name: string, source: string, options: BuildOptions): Promise<string> {
  const key = await hashOf([source], ["requirements.txt"]);
  const { signal } = options;
  const tag = "import sysconfig, sys; print(sys.implementation.cache_tag, sysconfig.get_platform(), sep='-')";
  const interpreter = await succeed(name, python, ["-c", tag], { signal });
  const place = cacheFolder("storefront-tools", `${name}-${key}-${interpreter.stdout.trim()}`);
  return kept(place, options, async (target) => {
    options.log(`Installing ${name} (once; it is kept in ${place})`);
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--only-binary=:all:"];
    const what = ["--require-hashes", "--requirement", join(source, "requirements.txt")];
    await succeed(name, python, ["-m", "pip", "install", ...quiet, "--target", target, ...what], { signal });
  });
}

/** Runs a program without which the tool cannot be had. */
export async function succeed(tool: string, command: string, args: string[], options: RunOptions) {
  const cannot = (reason: string) => new Unavailable(`${tool} cannot be had: ${reason}`);
  const result = await run(command, args, options).catch((error: NodeJS.ErrnoException) => {
    if (error.name === "AbortError") throw error;
    throw cannot(error.code === "ENOENT" ? `${command} is not on PATH` : error.message);
  });
  if (result.code !== 0) throw cannot(result.errors.slice(-3).join(" | "));
  return result;
}
