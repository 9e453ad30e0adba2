/** Reads the tar archives that an image's layers are, and stays within bounds whatever is in them. */
import { createReadStream } from "node:fs";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import tarStream, { type Headers } from "tar-stream";
import { OciError } from "../errors.ts";
import { shown, unsupported } from "./unsupported.ts";

/** What is left of the bounds that hold for all layers of an image together; reading takes from it. */
export interface Budget {
  /** Unpacked, headers and all. */
  bytes: number;
  entries: number;
}

export interface TarEntry {
  /** Relative to the root, without `./`; may hold `..`, so it never becomes a path of this machine. */
  path: string;
  type: "file" | "link" | "other";
  /** Bytes. */
  size: number;
}

export type Compression = "none" | "gzip" | "zstd";

export interface Archive {
  /** Path of the file that holds it. */
  file: string;
  compression: Compression;
  /** How messages call it. */
  name: string;
}

/** The reader keeps a header as a whole: more than this without an entry or content is not an archive. */
const longestHeader = 4 * 1024 ** 2;
/** Unpacked at a time: the default of 16 KiB takes twice as long. */
const chunkSize = 256 * 1024;
/** The longest path that Linux takes. */
const longestPath = 4096;

/**
 * Calls `visit` for each entry, in order, until it says `stop`. It may read the content; what it leaves is skipped.
 *
 * @throws OciError `unsupported`: not a whole archive, beyond the budget, or in a compression that this Node cannot read
 */
export async function readTar(
  archive: Archive,
  budget: Budget,
  signal: AbortSignal,
  visit: (entry: TarEntry, content: AsyncIterable<Uint8Array>) => Promise<"go on" | "stop">,
): Promise<void> {
  const meter = new Meter(budget, archive.name);
  const unpacker = unpackerOf(archive);
  const tar = tarStream.extract();
  const packed = createReadStream(archive.file);
  const pass = (chunks: AsyncIterable<Buffer>) => meter.pass(chunks);
  const fed = unpacker
    ? pipeline(packed, unpacker, pass, tar, { signal })
    : pipeline(packed, pass, tar, { signal });
  let failure: unknown;
  const feeding = fed.catch((error: unknown) => {
    failure = error;
  });
  try {
    for await (const content of tar) {
      if ((await visit(meter.entry(content.header), content)) === "stop") return;
      content.resume();
    }
  } catch (error) {
    tar.destroy();
    await feeding;
    // The reader itself often reports only that its source has ended.
    throw asProblem(error instanceof OciError ? error : (failure ?? error), archive, signal);
  } finally {
    tar.destroy();
    await feeding;
  }
  if (failure !== undefined) throw asProblem(failure, archive, signal);
}

/** Counts what is unpacked, as it goes by. */
class Meter {
  readonly #budget: Budget;
  readonly #name: string;
  #passed = 0;
  /** How far the entries reach that the reader has told of. */
  #known = 0;

  constructor(budget: Budget, name: string) {
    this.#budget = budget;
    this.#name = name;
  }

  async *pass(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#passed += chunk.length;
      this.#budget.bytes -= chunk.length;
      if (this.#budget.bytes < 0)
        throw this.#refused("unpacks to more bytes than the image of a module may have");
      if (this.#passed - this.#known > longestHeader) throw this.#refused("has a header of more than 4 MiB");
      yield chunk;
    }
  }

  entry({ name, type, size = 0 }: Headers): TarEntry {
    this.#budget.entries -= 1;
    if (this.#budget.entries < 0) throw this.#refused("has more files than the image of a module may have");
    if (name.length > longestPath) throw this.#refused("has a path of more than 4096 characters");
    if (!Number.isSafeInteger(size) || size < 0) throw this.#refused("has an entry of no size");
    this.#known = this.#passed + size;
    return { path: name.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, ""), type: typeOf(type), size };
  }

  #refused(why: string): OciError {
    return unsupported(`${this.#name} ${why}. Publish the module as a Wasm artifact instead (wkg oci push).`);
  }
}

function typeOf(type: Headers["type"]): TarEntry["type"] {
  if (type === "file" || type === "contiguous-file") return "file";
  return type === "link" || type === "symlink" ? "link" : "other";
}

function unpackerOf({ compression, name }: Archive): Transform | undefined {
  if (compression === "none") return undefined;
  if (compression === "gzip") return zlib.createGunzip({ chunkSize });
  if (zlib.createZstdDecompress === undefined) {
    throw unsupported(
      `${name} is compressed with zstd, which Node ${process.versions.node} cannot read. Use Node 22.15 or newer, or build the image with gzip layers.`,
    );
  }
  return zlib.createZstdDecompress({ chunkSize });
}

function asProblem(error: unknown, { name, compression }: Archive, signal: AbortSignal): unknown {
  if (signal.aborted) return new OciError("cancelled", "Cancelled.");
  // Of the system, such as a disk that cannot be read, rather than of the bytes.
  if (error instanceof OciError || !(error instanceof Error) || "syscall" in error) return error;
  const form = compression === "none" ? "tar archive" : `tar archive in ${compression}`;
  return unsupported(
    `${name} is not a whole ${form} (${shown(error.message)}). Build and push the image again.`,
    {
      cause: error,
    },
  );
}
