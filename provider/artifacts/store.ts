import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "./cacheFolder.ts";
import { type Digest, digestOf, hashFile, hexOf } from "./digest.ts";
import { ArtifactError, formatBytes, systemCode, throwIfCancelled } from "./errors.ts";
import { evictOldest, removeStale } from "./evict.ts";
import { headerSize } from "./header.ts";
import { IncomingBlob } from "./incomingBlob.ts";
import { cacheError, reading, writing } from "./storeErrors.ts";

export interface StoreOptions {
  /** Defaults to the user's cache folder. */
  folder?: string;
  /** Bytes of all blobs together, beyond which the least recently used go, give or take a 64th. Default 10 GiB. */
  limit?: number;
}

export interface AddOptions {
  /** Bytes. A larger source is refused before it is read as a whole. Default 256 MiB. */
  maxSize?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface AddFileOptions extends AddOptions {
  /** Sees the first `headerSize` bytes; what it throws refuses the file before more of it is read. */
  accept?: (start: Uint8Array) => void;
}

export interface AddStreamOptions extends AddFileOptions {
  /** `fill` resolves only if what it handed on has the digest: then it is not hashed a second time. */
  verified?: boolean;
  /** False: the bytes can be had again where a power cut takes them, so nothing waits for the disk. Default true. */
  durable?: boolean;
}

/** Of one module, where no limit is set. Bytes. */
export const defaultMaxSize = 256 * 1024 ** 2;
const defaultLimit = 10 * 1024 ** 3;
/** Renewing the time of use writes to the disk; this often is enough for an order of last use. */
const touchMilliseconds = 10 * 60 * 1000;
/** To look through a cache of thousands of blobs after each new one would take longer than all else. */
const looksPerLimit = 64;

/**
 * Bytes by their SHA-256, in files that several processes share:
 *
 *     <cache>/blobs/sha256/<hex>   a blob, complete from the moment it has this name
 *     <cache>/tmp/<random>         being written
 *     <cache>/pins/<hex>.<owner>   keeps a blob from eviction
 *
 * There is no lock: a blob is written under a random name and renamed, so two writers of one digest leave the same bytes.
 * The modification time of a blob is its last use.
 */
export class Store {
  readonly folder: string;
  private readonly blobs: string;
  private readonly temporary: string;
  private readonly pins: string;
  private readonly limit: number;
  /** Bytes that were added since the cache was last looked through. */
  private addedSinceLook = Number.POSITIVE_INFINITY;

  constructor(options: StoreOptions = {}) {
    this.folder = options.folder ?? cacheFolder();
    this.limit = options.limit ?? defaultLimit;
    this.blobs = join(this.folder, "blobs", "sha256");
    this.temporary = join(this.folder, "tmp");
    this.pins = join(this.folder, "pins");
  }

  /** Where the bytes of a digest are, or would be. Files in the cache can rot: verify what you read, as `read` does. */
  path(digest: Digest): string {
    return join(this.blobs, hexOf(digest));
  }

  /** Whether the bytes are here, and of the given size where one is given; counts as a use of them. */
  async has(digest: Digest, size?: number): Promise<boolean> {
    const found = await stat(this.path(digest)).catch(() => undefined);
    if (!found?.isFile() || (size !== undefined && found.size !== size)) return false;
    await this.touch(this.path(digest), found.mtimeMs);
    return true;
  }

  /**
   * Adds a file's bytes. Memory stays flat whatever the size. Bytes that are here already are only read and hashed; new
   * ones are hashed again while they are copied, so a file that changes meanwhile is stored under what was copied.
   *
   * @throws ArtifactError `not-found`, `unreadable`, `too-large`, `cancelled`, `cache`
   */
  async addFile(path: string, options: AddFileOptions = {}): Promise<{ digest: Digest; size: number }> {
    const file = await openSource(path);
    try {
      const limits = { ...sizeLimit(path, options.maxSize), signal: options.signal };
      if (options.accept) options.accept(await reading(path, () => readStart(file)));
      const found = await reading(path, () => hashFile(file, limits));
      if (await this.has(found.digest, found.size)) return found;
      return await this.write((blob) =>
        reading(path, () =>
          hashFile(file, limits, (chunk) => writing(this.folder, () => blob.writeFile(chunk))),
        ),
      );
    } finally {
      await file.close();
    }
  }

  /** Adds bytes that are in memory. @throws ArtifactError `too-large`, `cache` */
  async addBytes(bytes: Uint8Array, options: AddOptions = {}): Promise<{ digest: Digest; size: number }> {
    const limit = sizeLimit("the module", options.maxSize);
    if (bytes.length > limit.maxSize) throw limit.tooLarge();
    const added = { digest: digestOf(bytes), size: bytes.length };
    if (await this.has(added.digest, added.size)) return added;
    return this.write(async (blob) => {
      await writing(this.folder, () => blob.writeFile(bytes));
      return added;
    });
  }

  /**
   * Adds bytes that arrive in pieces and must be what they are said to be. `fill` hands each piece to `write` and
   * waits for it; it is not called when the bytes are here. Of other bytes, and of too few, nothing is left. Memory stays
   * flat whatever the size.
   *
   * @throws ArtifactError `too-large`, `damaged`, `cancelled`, `cache`; and what `fill` and `accept` throw
   */
  async addStream(
    expected: { digest: Digest; size: number },
    fill: (write: (chunk: Uint8Array) => Promise<unknown>) => Promise<void>,
    options: AddStreamOptions = {},
  ): Promise<void> {
    const limit = sizeLimit("the module", options.maxSize);
    if (expected.size > limit.maxSize) throw limit.tooLarge();
    throwIfCancelled(options.signal);
    if (await this.has(expected.digest, expected.size)) return;
    await this.write(async (blob) => {
      const toDisk = (chunk: Uint8Array) => writing(this.folder, () => blob.writeFile(chunk));
      const incoming = new IncomingBlob(expected, toDisk, options);
      try {
        await fill((chunk) => incoming.add(chunk));
        await incoming.end();
      } finally {
        await incoming.settled();
      }
      return expected;
    }, options);
  }

  /** The bytes of a digest, verified. @throws ArtifactError `not-found`, `damaged` (and then they are removed) */
  async read(digest: Digest): Promise<Uint8Array> {
    return this.verified(digest, async (file) => {
      const bytes = await file.readFile();
      return { digest: digestOf(bytes), result: bytes };
    });
  }

  /** As `read`, for whoever hands on the path: memory stays flat. Returns the path. */
  async verify(digest: Digest): Promise<string> {
    return this.verified(digest, async (file) => ({
      digest: (await hashFile(file)).digest,
      result: this.path(digest),
    }));
  }

  private async verified<T>(
    digest: Digest,
    read: (file: FileHandle) => Promise<{ digest: Digest; result: T }>,
  ): Promise<T> {
    const file = await open(this.path(digest)).catch((error) => {
      throw systemCode(error) === "ENOENT" ? missing(digest) : cacheError(this.folder, error);
    });
    try {
      const found = await read(file);
      if (found.digest === digest) return found.result;
    } finally {
      await file.close();
    }
    await this.discard(digest);
    throw damaged(digest);
  }

  /** Removes bytes, for instance because they turned out not to be those that their digest says. */
  async discard(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true }).catch((error) => {
      throw cacheError(this.folder, error);
    });
  }

  /** Keeps the bytes of a digest from eviction until `unpin`. `owner` names who needs them, such as a server's id. */
  async pin(digest: Digest, owner: string): Promise<void> {
    await writing(this.folder, async () => {
      await mkdir(this.pins, { recursive: true, mode: 0o700 });
      await (await open(this.pinPath(digest, owner), "a", 0o600)).close();
    });
  }

  async unpin(digest: Digest, owner: string): Promise<void> {
    await rm(this.pinPath(digest, owner), { force: true });
  }

  /** Brings the store below its limit; runs by itself after the first new blob, and after each 64th of the limit. */
  async evict(): Promise<void> {
    this.addedSinceLook = 0;
    const pinned = new Set((await readdir(this.pins).catch(() => [])).map((name) => name.split(".", 1)[0]));
    await evictOldest(this.blobs, this.limit, async (name) => pinned.has(name));
    await removeStale(this.temporary);
  }

  private pinPath(digest: Digest, owner: string): string {
    if (!/^[\w-]{1,128}$/.test(owner)) throw new Error(`"${owner}" cannot name the owner of a pin.`);
    return join(this.pins, `${hexOf(digest)}.${owner}`);
  }

  private async touch(path: string, usedAt: number): Promise<void> {
    const now = Date.now();
    if (now - usedAt < touchMilliseconds) return;
    // A read-only cache still serves what it has.
    await utimes(path, now / 1000, now / 1000).catch(() => undefined);
  }

  private async write(
    fill: (blob: FileHandle) => Promise<{ digest: Digest; size: number }>,
    { durable = true }: Pick<AddStreamOptions, "durable"> = {},
  ): Promise<{ digest: Digest; size: number }> {
    const temporary = join(this.temporary, randomUUID());
    try {
      const blob = await writing(this.folder, async () => {
        await mkdir(this.temporary, { recursive: true, mode: 0o700 });
        await mkdir(this.blobs, { recursive: true, mode: 0o700 });
        return open(temporary, "wx", 0o600);
      });
      let added: { digest: Digest; size: number };
      try {
        added = await fill(blob);
        // Without it, a power cut can leave the final name with no bytes behind it.
        if (durable) await writing(this.folder, () => blob.sync());
      } finally {
        await blob.close();
      }
      await this.publish(temporary, added);
      this.addedSinceLook += added.size;
      if (this.addedSinceLook * looksPerLimit >= this.limit) await this.evict();
      return added;
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  private async publish(
    temporary: string,
    { digest, size }: { digest: Digest; size: number },
  ): Promise<void> {
    try {
      await rename(temporary, this.path(digest));
    } catch (error) {
      // Windows refuses to replace a file that another process has open; then it is there already.
      if (!(await this.has(digest, size))) throw cacheError(this.folder, error);
    }
  }
}

export function missing(digest: Digest): ArtifactError {
  return new ArtifactError(
    "not-found",
    `The bytes of ${digest} are not in this machine's cache. Run with the Module that they come from; an Image would carry them to other machines.`,
  );
}

export function damaged(digest: Digest): ArtifactError {
  return new ArtifactError(
    "damaged",
    `The cache held other bytes than ${digest} says. They were removed: run again, and check the disk if it happens twice.`,
  );
}

async function openSource(path: string): Promise<FileHandle> {
  return reading(path, async () => {
    // Before opening: opening a pipe would wait for its writer.
    if (!(await stat(path)).isFile()) {
      throw new ArtifactError("unreadable", `${path} is not a regular file. Give the path of a .wasm file.`);
    }
    return open(path, "r");
  });
}

async function readStart(file: FileHandle): Promise<Uint8Array> {
  const start = Buffer.alloc(headerSize);
  const { bytesRead } = await file.read(start, 0, headerSize, 0);
  return start.subarray(0, bytesRead);
}

function sizeLimit(source: string, maxSize = defaultMaxSize) {
  const tooLarge = () =>
    new ArtifactError(
      "too-large",
      `${source} is larger than ${formatBytes(maxSize)}. Build it smaller, or raise maxSize.`,
    );
  return { maxSize, tooLarge };
}
