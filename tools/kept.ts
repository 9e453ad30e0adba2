import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { withLock } from "./lock.mjs";

export interface BuildOptions {
  /** Takes a line for the person who waits. */
  log: (line: string) => void;
  signal: AbortSignal;
}

/**
 * The folder, after `make` has filled it once. Several processes may ask at once: one makes it, the others wait. What
 * fails or is aborted leaves nothing that passes for made.
 */
export async function kept(
  folder: string,
  { log, signal }: BuildOptions,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const exists = () =>
    stat(folder).then(
      () => true,
      () => false,
    );
  if (await exists()) return folder;
  const onWait = (pid: number) => log(`Waiting for process ${pid}, which makes ${basename(folder)}`);
  const work = async () => {
    if (await exists()) return;
    await removeAborted(folder);
    const part = await mkdtemp(`${folder}.part-`);
    try {
      await make(part);
      await rename(part, folder);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
  };
  await withLock(`${folder}.lock`, work, { onWait, signal });
  return folder;
}

/** Nobody else makes this folder now, so what lies about was left by a process that was killed. */
async function removeAborted(folder: string): Promise<void> {
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const aborted = (await readdir(parent)).filter((name) => name.startsWith(`${basename(folder)}.part-`));
  await Promise.all(aborted.map((name) => rm(join(parent, name), { recursive: true, force: true })));
}

/** What tools write into source folders. */
const ignored = ["node_modules", "__pycache__", "target"];

/** A short hash over names and content of the files in these folders, or those called `only`; the same in every clone. */
export async function hashOf(folders: readonly string[], only?: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
      .filter((name) => only?.includes(name) ?? !name.split("/").some((part) => ignored.includes(part)))
      .sort();
    for (const name of names) {
      const bytes = await readFile(join(folder, name));
      hash.update(`${name}\n${bytes.length}\n`).update(bytes);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
