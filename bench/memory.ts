import { readFile } from "node:fs/promises";

/**
 * The most memory that a process has held, in bytes; undefined where the system does not tell, which only Linux does. Not
 * what `getrusage` says: that begins with the memory of the process that started it.
 */
export async function peakBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}
