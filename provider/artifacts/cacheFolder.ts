import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ArtifactError } from "./errors.ts";

const folderName = "pulumi-wasm";

/**
 * The user's cache folder of this provider: `PULUMI_WASM_CACHE`, or `pulumi-wasm` in the platform's cache folder
 * (`$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`). It may be deleted at any time.
 *
 * @throws ArtifactError `cache` when `PULUMI_WASM_CACHE` is a relative path: it would mean another folder for each program.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const own = env.PULUMI_WASM_CACHE;
  if (own) {
    if (isAbsolute(own)) return own;
    throw new ArtifactError("cache", `PULUMI_WASM_CACHE is "${own}": give an absolute path.`);
  }
  return join(platformCache(env, platform), folderName);
}

function platformCache(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  // The XDG Base Directory Specification says to ignore relative paths.
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return env.XDG_CACHE_HOME;
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  if (platform === "win32") return env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  return join(homedir(), ".cache");
}
