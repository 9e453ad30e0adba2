/** What a failure of the file system means: an error about the source of some bytes, or about the cache. */
import { ArtifactError, systemCode } from "./errors.ts";

/** Turns a failure to read the source into an error about the source. */
export async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ArtifactError) throw error;
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ArtifactError(
        "not-found",
        `There is no file ${path}. Build the module first, or correct the path.`,
      );
    }
    throw new ArtifactError("unreadable", `${path} cannot be read (${code ?? String(error)}).`, {
      cause: error,
    });
  }
}

/** Turns a failure to write into an error about the cache. */
export async function writing<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw error instanceof ArtifactError ? error : cacheError(folder, error);
  }
}

export function cacheError(folder: string, error: unknown): ArtifactError {
  const code = systemCode(error);
  const elsewhere = "set PULUMI_WASM_CACHE to a folder that has room and can be written";
  const full = code === "ENOSPC" || code === "EDQUOT";
  const message = full
    ? `The disk of the cache folder ${folder} is full (${code}). Free some space, or ${elsewhere}.`
    : `The cache folder ${folder} cannot be used (${code ?? String(error)}). Correct it, or ${elsewhere}.`;
  return new ArtifactError("cache", message, { cause: error });
}
