/** Where an instance lives on disk: one folder by id, and a control socket whose path is short enough for the system. */
import { createHash } from "node:crypto";
import { chmod, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LocalTargetError } from "./spec.ts";

/** macOS allows 104 bytes with the closing zero, Linux 108. */
const SOCKET_PATH_LIMIT = 103;

export interface Instance {
  folder: string;
  controlSocket: string;
  logFile: string;
}

/** The instance of `id` below `directory`; nothing is made. */
export function instanceOf(directory: string, id: string): Instance {
  return instanceAt(join(directory, createHash("sha256").update(id).digest("hex").slice(0, 24)));
}

export function instanceAt(folder: string): Instance {
  const near = join(folder, "control.sock");
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 24);
  const controlSocket =
    Buffer.byteLength(near) <= SOCKET_PATH_LIMIT - "-0123456789".length
      ? near
      : join("/tmp", `pulumi-wasm-${process.getuid?.() ?? 0}`, hash);
  return { folder, controlSocket, logFile: join(folder, "server.log") };
}

/** Makes a folder that only this user may enter, and refuses one that is somebody else's. */
export async function privateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const own = process.getuid?.();
  if (!found.isDirectory() || (own !== undefined && found.uid !== own)) {
    throw new LocalTargetError(`${path} must be a folder that belongs to this user. Remove what is there.`);
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
}
