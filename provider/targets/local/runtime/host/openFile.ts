/** Files and directories that a guest holds: real descriptors, closed when nothing uses them any more. */
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { WitError } from "./errors.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** The path of what a descriptor stands for, wherever it has been moved to. */
export function pathOf(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** A name in a directory that is held. The name is one component, so only its last link could lead away. */
export interface Place {
  fd: number;
  name: string;
}

export function pathIn({ fd, name }: Place): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** All that one instance has open. */
export class OpenFiles {
  readonly #open = new Set<OpenFile>();

  adopt(fd: number): OpenFile {
    const file = new OpenFile(fd, (closed) => this.#open.delete(closed));
    this.#open.add(file);
    return file;
  }

  closeAll(): void {
    for (const file of [...this.#open]) file.close();
  }
}

export class OpenFile {
  readonly fd: number;
  readonly #onClose: (file: OpenFile) => void;
  #users = 1;
  constructor(fd: number, onClose: (file: OpenFile) => void) {
    this.fd = fd;
    this.#onClose = onClose;
  }
  /** A stream outlives the descriptor that it was made from. */
  retain(): this {
    this.#users++;
    return this;
  }
  release(): void {
    if (--this.#users === 0) this.close();
  }
  close(): void {
    if (this.#users < 0) return;
    this.#users = -1;
    this.#onClose(this);
    closeSync(this.fd);
  }
  stat(): BigIntStats {
    return fstatSync(this.fd, { bigint: true });
  }
}

function openDirectory(fd: number, name: string): number {
  const path = pathIn({ fd, name });
  try {
    return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // Linux says ENOTDIR of a link too; the guest is told what it is.
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR" && isLink(path)) throw new WitError("loop");
    throw error;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** What a guest's path names: an entry of a directory, or a directory that is open itself. */
export type Target = { entry: Place } | { directory: number };

/**
 * Walks a guest's path from a held directory, one component at a time, each opened in the one before without following a
 * link: whatever happens to names meanwhile, the walk cannot leave the tree. `..` goes back to a directory of this walk.
 * What is opened on the way is closed after `use`.
 */
export function walk<T>(
  start: number,
  path: string,
  use: (target: Target, mustBeDirectory: boolean) => T,
): T {
  if (path.startsWith("/")) throw new WitError("not-permitted");
  if (path === "") throw new WitError("no-entry");
  if (path.includes("\0")) throw new WitError("invalid");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const mustBeDirectory = /(^|\/)\.{0,2}$/.test(path);
  const stack: number[] = [start];
  const top = () => stack[stack.length - 1] ?? start;
  try {
    const last = parts.at(-1) === ".." ? undefined : parts.pop();
    for (const part of parts) {
      if (part !== "..") stack.push(openDirectory(top(), part));
      else if (stack.length === 1) throw new WitError("not-permitted");
      else closeSync(stack.pop() ?? -1);
    }
    const target = last === undefined ? { directory: top() } : { entry: { fd: top(), name: last } };
    return use(target, mustBeDirectory);
  } finally {
    for (const fd of stack.slice(1)) closeSync(fd);
  }
}
