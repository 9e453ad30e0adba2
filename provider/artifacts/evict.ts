import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** An entry that was used within this time is kept: another process may be between adding and reading it. */
const freshMilliseconds = 60 * 60 * 1000;

interface Entry {
  path: string;
  size: number;
  usedAt: number;
}

/**
 * Removes the least recently used files of a folder (by modification time, which users of a file renew) until at most
 * `limit` bytes are left. Fresh ones and those that `keep` names stay, whatever the limit. Safe beside other processes:
 * a file that has gone meanwhile counts as removed, and one that cannot be removed is left for the next time.
 */
export async function evictOldest(
  folder: string,
  limit: number,
  keep: (name: string) => Promise<boolean>,
): Promise<void> {
  const entries = await listFiles(folder);
  let total = entries.reduce((sum, entry) => sum + entry.size, 0);
  if (total <= limit) return;
  const now = Date.now();
  entries.sort((a, b) => a.usedAt - b.usedAt);
  for (const entry of entries) {
    if (total <= limit || now - entry.usedAt < freshMilliseconds) return;
    const name = entry.path.slice(folder.length + 1);
    if (await keep(name)) continue;
    await rm(entry.path, { force: true }).catch(() => undefined);
    total -= entry.size;
  }
}

/** Removes what an aborted process left in a folder of temporary files. */
export async function removeStale(folder: string): Promise<void> {
  const now = Date.now();
  for (const entry of await listFiles(folder)) {
    if (now - entry.usedAt >= freshMilliseconds) await rm(entry.path, { force: true }).catch(() => undefined);
  }
}

async function listFiles(folder: string): Promise<Entry[]> {
  const names = await readdir(folder).catch(() => []);
  const entries: Entry[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile()) entries.push({ path, size: found.size, usedAt: found.mtimeMs });
  }
  return entries;
}
