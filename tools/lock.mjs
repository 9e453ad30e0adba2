// Plain JavaScript because the bootstrap needs it before anything is installed (so no library either).
import { randomBytes } from "node:crypto";
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Whether an owner on another host still lives cannot be asked; no install or build takes this long. */
const foreignOwnerLimitMs = 60 * 60 * 1000;
const pollMs = 200;
/** What a rename onto a folder that is not empty fails with. */
const occupied = process.platform === "win32" ? ["EPERM", "EEXIST"] : ["ENOTEMPTY", "EEXIST"];

/**
 * Runs `work` while holding the lock that the folder `path` stands for, across processes.
 *
 * The lock is a folder with one file in it, named after its owner. A rename puts it in place whole, and fails
 * while another owner's file is in there. Who gives it up, or finds its owner dead, deletes that one file by
 * name, which can never hit a newer owner's. So there is no moment in which two hold it, nor one in which a
 * killed process leaves it stuck.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {{ signal?: AbortSignal, onWait?: (pid: number) => void }} [options] `onWait` is called once, when
 *   the lock is held by another process
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { signal, onWait } = {}) {
  const owner = await ownerName();
  await mkdir(dirname(path), { recursive: true });
  for (let waited = false; !(await acquire(path, owner)); ) {
    const other = await livingOwner(path);
    if (other === undefined) continue;
    if (!waited) onWait?.(other.pid);
    waited = true;
    await delay(pollMs, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    await release(path, owner);
  }
}

async function acquire(path, owner) {
  const own = await mkdtemp(`${path}.`);
  await writeFile(join(own, owner), "");
  try {
    await rename(own, path);
    return true;
  } catch (error) {
    await rm(own, { recursive: true, force: true });
    if (occupied.includes(error.code)) return false;
    throw error;
  }
}

async function release(path, owner) {
  await unlink(join(path, owner)).catch(ignoreMissing);
  // Fails, as it should, once a newer owner has moved in.
  await rmdir(path).catch(() => {});
}

/** The living owner, or nothing; a dead one's claim is removed. */
async function livingOwner(path) {
  const names = await readdir(path).catch(ignoreMissing);
  for (const name of names ?? []) {
    const owner = parseOwner(name);
    if (owner && (await lives(owner, path))) return owner;
    await release(path, name);
  }
  if (names?.length === 0) await rmdir(path).catch(() => {});
  return undefined;
}

async function ownerName() {
  const host = encodeURIComponent(hostname());
  return [process.pid, await startTime(process.pid), randomBytes(6).toString("hex"), host].join("+");
}

function parseOwner(name) {
  const [pid, started, , host] = name.split("+");
  if (host === undefined) return undefined;
  return { pid: Number(pid), started, host: decodeURIComponent(host), name };
}

async function lives(owner, path) {
  if (owner.host !== hostname()) {
    const claimed = await stat(join(path, owner.name)).catch(ignoreMissing);
    return claimed !== undefined && Date.now() - claimed.mtimeMs < foreignOwnerLimitMs;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  return (await startTime(owner.pid)) === owner.started;
}

/** Tells a process from a later one with the same id, where the system says so; else a constant. */
async function startTime(pid) {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the program's name in parentheses, and may hold blanks; the 22nd is the start time.
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
}

function ignoreMissing(error) {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
