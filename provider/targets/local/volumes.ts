/** The host folders that a guest gets, held against the grants before anything starts. */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Preopen } from "./runtime/messages.ts";
import { type GuestSpec, type LocalOptions, LocalTargetError } from "./spec.ts";

interface FolderSpec {
  rules: Pick<GuestSpec["rules"], "filesystem">;
  volumes: GuestSpec["volumes"];
}

/** The preopened folders of a spec. Fails with a LocalTargetError at `volumes.<name>`. */
export async function preopens(spec: FolderSpec, options: LocalOptions): Promise<Preopen[]> {
  const { filesystem } = spec.rules;
  if (filesystem.length > 0 && process.platform !== "linux") {
    throw new LocalTargetError(
      "The local target can hold a guest to its folders on Linux only. Leave the filesystem grants out on this machine, or run in a Linux container.",
      "volumes",
    );
  }
  const byGuestPath = new Map<string, Preopen>();
  for (const rule of filesystem) {
    const host = spec.volumes[rule.volume];
    const property = `volumes.${rule.volume}`;
    if (host === undefined) {
      throw new LocalTargetError(
        `The volume "${rule.volume}", which is granted at ${rule.path}, is bound to no folder.`,
        property,
      );
    }
    const folder = await checkedFolder(host, property, options.volumeBase);
    const earlier = byGuestPath.get(rule.path);
    if (earlier && earlier.host !== folder.host) {
      throw new LocalTargetError(
        `${rule.path} is granted from two folders, ${earlier.host} and ${folder.host}.`,
        property,
      );
    }
    const write = rule.access === "write" || earlier?.write === true;
    byGuestPath.set(rule.path, { guest: rule.path, write, ...folder });
  }
  return [...byGuestPath.values()];
}

type Folder = Pick<Preopen, "host" | "device" | "inode">;

async function checkedFolder(host: string, property: string, base: string | undefined): Promise<Folder> {
  if (!isAbsolute(host)) throw new LocalTargetError(`"${host}" must be an absolute path.`, property);
  let real: string;
  try {
    real = await realpath(host);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT")
      throw new LocalTargetError(`The folder ${host} cannot be used: ${message}`, property);
    throw new LocalTargetError(`The folder ${host} does not exist. Create it first.`, property);
  }
  const expected = await withoutTrustedLinks(host, base);
  if (real !== expected) {
    throw new LocalTargetError(
      `The path ${host} leads through a symbolic link to ${real}. Give ${real} itself if that folder is meant.`,
      property,
    );
  }
  const found = await stat(real, { bigint: true });
  if (!found.isDirectory()) throw new LocalTargetError(`${host} is not a folder.`, property);
  return { host: real, device: String(found.dev), inode: String(found.ino) };
}

/**
 * What the path is when only those links are followed that nobody put there to lead astray: those on the way to the
 * program's folder, and one at the root (macOS's /tmp and /var).
 */
async function withoutTrustedLinks(path: string, base: string | undefined): Promise<string> {
  if (base !== undefined) {
    const below = relative(base, path);
    if (below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below))
      return join(await realpath(base), below);
  }
  const [, first = "", ...rest] = path.split(sep);
  return join(await realpath(join(sep, first)), ...rest);
}
