/** Processes of this machine that belong to a test's stack, found by the stack's own folder. */
import { readdir, readFile, readlink } from "node:fs/promises";
import type { Workspace } from "./workspace.ts";

/** A process that has ended and that nobody has waited for is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return status !== undefined && !/\) [ZX] /.test(status);
}

/** Ids of processes whose command line or open files name the workspace's folder; this process apart. */
export async function processesOf(workspace: Workspace): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const owned = await Promise.all(
    pids.map(async (pid) => ((await names(pid, workspace.folder)) ? [pid] : [])),
  );
  return owned.flat();
}

async function names(pid: number, folder: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  if (commandLine.includes(folder)) return true;
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const files = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return files.some((file) => file.startsWith(folder));
}
