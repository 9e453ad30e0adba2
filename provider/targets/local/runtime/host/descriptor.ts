/** `wasi:filesystem/types.descriptor` over real descriptors. Symbolic links are neither followed nor made. */
import {
  type BigIntStats,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { WitError } from "./errors.ts";
import { forGuest } from "./fileErrors.ts";
import { describe, hash, isSame, type NewTimestamp, seconds, typeOf } from "./fileStat.ts";
import { FileSink, FileSource } from "./fileStreams.ts";
import { InputStream, OutputStream } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { type OpenFile, type OpenFiles, type Place, pathIn, pathOf, type Target, walk } from "./openFile.ts";

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = constants;
const { O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

type Flags = { [flag in "read" | "write" | "mutateDirectory"]?: boolean };
type OpenFlags = { [flag in "create" | "directory" | "exclusive" | "truncate"]?: boolean };
type PathFlags = { symlinkFollow?: boolean };

/** What one instance's descriptors share. */
export interface Files {
  mailbox: Mailbox;
  open: OpenFiles;
}

const MAX_READ = 1024 * 1024;

export class DirectoryEntryStream {
  readonly #entries: { name: string; type: string }[];
  constructor(entries: { name: string; type: string }[]) {
    this.#entries = entries;
  }
  readDirectoryEntry(): { name: string; type: string } | undefined {
    return this.#entries.shift();
  }
}

export class Descriptor {
  readonly #files: Files;
  readonly #file: OpenFile;
  readonly #isDirectory: boolean;
  readonly #flags: Flags;

  /** Takes the file over. `flags.mutateDirectory` says whether anything below may be changed. */
  constructor(files: Files, file: OpenFile, isDirectory: boolean, flags: Flags) {
    this.#files = files;
    this.#file = file;
    this.#isDirectory = isDirectory;
    this.#flags = flags;
  }

  readViaStream(offset: bigint): InputStream {
    this.#requireFile("read");
    return new InputStream(this.#files.mailbox, new FileSource(this.#file, offset));
  }
  writeViaStream(offset: bigint): OutputStream {
    this.#requireFile("write");
    return new OutputStream(this.#files.mailbox, new FileSink(this.#file.retain(), Number(offset)));
  }
  appendViaStream(): OutputStream {
    this.#requireFile("write");
    // Opened anew, so that the system itself puts each write at the end.
    const fd = forGuest(() => openSync(pathOf(this.#file.fd), O_WRONLY | O_APPEND));
    return new OutputStream(this.#files.mailbox, new FileSink(this.#files.open.adopt(fd), undefined));
  }
  advise(): void {}
  // Node's permission model has no fsync: what is written is the system's, and survives the guest but not a power cut.
  syncData(): void {}
  sync(): void {}
  getFlags(): Flags {
    return this.#flags;
  }
  getType(): string {
    return forGuest(() => typeOf(this.#file.stat()));
  }
  setSize(size: bigint): void {
    this.#requireFile("write");
    forGuest(() => ftruncateSync(this.#file.fd, Number(size)));
  }
  setTimes(access: NewTimestamp, modification: NewTimestamp): void {
    if (!this.#flags.write && !this.#flags.mutateDirectory) throw new WitError("not-permitted");
    forGuest(() => {
      const { atimeNs, mtimeNs } = this.#file.stat();
      utimesSync(pathOf(this.#file.fd), seconds(access, atimeNs), seconds(modification, mtimeNs));
    });
  }
  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    this.#requireFile("read");
    if (length === 0n) return [new Uint8Array(), false];
    const bytes = new Uint8Array(length > BigInt(MAX_READ) ? MAX_READ : Number(length));
    const count = forGuest(() => readSync(this.#file.fd, bytes, 0, bytes.length, offset));
    return [bytes.subarray(0, count), count === 0];
  }
  write(bytes: Uint8Array, offset: bigint): bigint {
    this.#requireFile("write");
    return BigInt(forGuest(() => writeSync(this.#file.fd, bytes, 0, bytes.length, Number(offset))));
  }
  stat() {
    return forGuest(() => describe(this.#file.stat()));
  }
  isSameObject(other: Descriptor): boolean {
    return isSame(this.#file, other.#file);
  }
  metadataHash() {
    return forGuest(() => hash(this.#file.stat()));
  }

  readDirectory(): DirectoryEntryStream {
    this.#requireDirectory(false);
    const entries = forGuest(() => readdirSync(pathOf(this.#file.fd), { withFileTypes: true }));
    return new DirectoryEntryStream(entries.map((entry) => ({ name: entry.name, type: typeOf(entry) })));
  }
  statAt(flags: PathFlags, path: string) {
    return this.#at(path, false, (target, mustBeDirectory) =>
      describe(statsOf(target, mustBeDirectory, flags)),
    );
  }
  metadataHashAt(flags: PathFlags, path: string) {
    return this.#at(path, false, (target, mustBeDirectory) => hash(statsOf(target, mustBeDirectory, flags)));
  }
  readlinkAt(path: string): string {
    const link = this.#at(path, false, (target) => readlinkSync(pathIn(entryOf(target))));
    // Where the host's own tree lies is not the guest's to know.
    if (link.startsWith("/")) throw new WitError("not-permitted");
    return link;
  }
  setTimesAt(flags: PathFlags, path: string, access: NewTimestamp, modification: NewTimestamp): void {
    this.#at(path, true, (target, mustBeDirectory) => {
      const { atimeNs, mtimeNs } = statsOf(target, mustBeDirectory, flags);
      const times = [seconds(access, atimeNs), seconds(modification, mtimeNs)] as const;
      if ("directory" in target) utimesSync(pathOf(target.directory), ...times);
      else lutimesSync(pathIn(target.entry), ...times);
    });
  }
  createDirectoryAt(path: string): void {
    this.#at(path, true, (target) => mkdirSync(pathIn(entryOf(target, "exist"))));
  }
  removeDirectoryAt(path: string): void {
    this.#at(path, true, (target) => rmdirSync(pathIn(entryOf(target))));
  }
  unlinkFileAt(path: string): void {
    this.#at(path, true, (target, mustBeDirectory) => {
      if (mustBeDirectory)
        throw new WitError(statsOf(target, true, {}).isDirectory() ? "is-directory" : "not-directory");
      const place = pathIn(entryOf(target, "is-directory"));
      if (lstatSync(place).isDirectory()) throw new WitError("is-directory");
      unlinkSync(place);
    });
  }
  renameAt(path: string, other: Descriptor, otherPath: string): void {
    this.#to(path, other, otherPath, (from, to) => renameSync(from, to));
  }
  /** Both ends must be writable: a second name in a writable folder would open a read-only file for writing. */
  linkAt(flags: PathFlags, path: string, other: Descriptor, otherPath: string): void {
    if (flags.symlinkFollow) throw new WitError("invalid");
    this.#to(path, other, otherPath, (from, to) => linkSync(from, to));
  }
  symlinkAt(): void {
    throw new WitError("not-permitted");
  }

  openAt(_flags: PathFlags, path: string, open: OpenFlags, wanted: Flags): Descriptor {
    const changes = Boolean(open.create || open.truncate || wanted.write || wanted.mutateDirectory);
    return this.#at(path, changes, (target, mustBeDirectory) => {
      const directory = Boolean(open.directory) || mustBeDirectory;
      if (directory && open.create) throw new WitError("invalid");
      const { access, how } = modeOf(open, wanted, directory);
      const path = "directory" in target ? pathOf(target.directory) : pathIn(target.entry);
      // What is named by the walk itself is open already, and its path is a link of the kernel's own.
      const noFollow = "directory" in target ? O_DIRECTORY : O_NOFOLLOW;
      const fd = openSync(path, access | how | noFollow | O_NONBLOCK | O_NOCTTY, 0o666);
      return this.#adopt(this.#files.open.adopt(fd), wanted);
    });
  }

  [Symbol.dispose](): void {
    this.#file.release();
  }

  #adopt(file: OpenFile, wanted: Flags): Descriptor {
    const stats = file.stat();
    const isDirectory = stats.isDirectory();
    if (!isDirectory && !stats.isFile()) {
      // A device, pipe or socket leads out of the folder.
      file.close();
      throw new WitError("not-permitted");
    }
    const mutate = isDirectory && Boolean(this.#flags.mutateDirectory);
    const flags = {
      read: isDirectory || Boolean(wanted.read),
      write: Boolean(wanted.write),
      mutateDirectory: mutate,
    };
    return new Descriptor(this.#files, file, isDirectory, flags);
  }

  #at<T>(path: string, changes: boolean, use: (target: Target, mustBeDirectory: boolean) => T): T {
    this.#requireDirectory(changes);
    return forGuest(() => walk(this.#file.fd, path, use));
  }

  #to(path: string, other: Descriptor, otherPath: string, move: (from: string, to: string) => void): void {
    this.#at(path, true, (from) => {
      other.#at(otherPath, true, (to) => move(pathIn(entryOf(from)), pathIn(entryOf(to))));
    });
  }

  #requireFile(access: "read" | "write"): void {
    if (this.#isDirectory) throw new WitError("is-directory");
    if (!this.#flags[access]) throw new WitError("bad-descriptor");
  }

  #requireDirectory(changes: boolean): void {
    if (!this.#isDirectory) throw new WitError("not-directory");
    if (changes && !this.#flags.mutateDirectory) throw new WitError("read-only");
  }
}

/** The name that is to be changed; the directory that the walk came to has none. */
function entryOf(target: Target, otherwise = "invalid"): Place {
  if ("directory" in target) throw new WitError(otherwise);
  return target.entry;
}

function statsOf(target: Target, mustBeDirectory: boolean, { symlinkFollow }: PathFlags): BigIntStats {
  const path = "directory" in target ? `${pathOf(target.directory)}/.` : pathIn(target.entry);
  const stats = lstatSync(path, { bigint: true });
  if (stats.isSymbolicLink() && (symlinkFollow || mustBeDirectory)) throw new WitError("loop");
  if (mustBeDirectory && !stats.isDirectory()) throw new WitError("not-directory");
  return stats;
}

function modeOf(open: OpenFlags, wanted: Flags, directory: boolean): { access: number; how: number } {
  const access = wanted.write ? (wanted.read ? O_RDWR : O_WRONLY) : O_RDONLY;
  const how =
    (directory ? O_DIRECTORY : 0) |
    (open.create ? O_CREAT : 0) |
    (open.exclusive ? O_EXCL : 0) |
    (open.truncate ? O_TRUNC : 0);
  return { access, how };
}
