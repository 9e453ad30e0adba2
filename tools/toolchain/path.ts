import { access, constants, realpath } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { run } from "./process.ts";

const versionLimitMs = 10_000;

/** The first executable of that name on PATH. */
export async function findOnPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, fileName(name));
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** An executable in the same folder as another one, with symbolic links followed. */
export async function findBeside(executable: string, name: string): Promise<string | undefined> {
  for (const folder of new Set([dirname(executable), dirname(await realpath(executable))])) {
    const path = join(folder, fileName(name));
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** The version that a program says it is, as `major.minor.patch`; nothing when it says none. */
export async function versionOf(path: string, args: string[]): Promise<string | undefined> {
  const signal = AbortSignal.timeout(versionLimitMs);
  const result = await run(path, args, { env: { PULUMI_SKIP_UPDATE_CHECK: "true" }, signal }).catch(
    () => undefined,
  );
  return /\d+\.\d+\.\d+/.exec(result?.stdout ?? "")?.[0];
}

/** Whether version `a` is `b` or newer; both `major.minor.patch`. */
export function isAtLeast(a: string, b: string): boolean {
  return a.localeCompare(b, "en", { numeric: true }) >= 0;
}

/** A program's file name on this system. */
export function fileName(executable: string): string {
  return process.platform === "win32" ? `${executable}.exe` : executable;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
