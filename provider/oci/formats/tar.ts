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
  const tar = tarStream.extract();
  const source = createReadStream(archive.file);
  const parts = [source, ...decompressor(archive), (chunks: AsyncIterable<Buffer>) => meter.pass(chunks), tar];
  let failure: unknown;
  const feeding = pipeline(parts as Parameters<typeof pipeline>[0], { signal }).catch((error: unknown) => {
    failure = error;
  });
  try {
    for await (const content of tar) {
      const entry = meter.entry(content.header);
      if ((await visit(entry, meter.content(content))) === "stop") return;
      content.resume();
    }
  } catch (error) {
    // What the reader reports is often only that its source has ended.
    await feeding;
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
  #understood = 0;

  constructor(budget: Budget, name: string) {
    this.#budget = budget;
    this.#name = name;
  }

  async *pass(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#passed += chunk.length;
      this.#budget.bytes -= chunk.length;
      if (this.#budget.bytes < 0) throw this.#tooMuch("unpacks to more bytes than a module's image needs");
      if (this.#passed - this.#understood > longestHeader) throw this.#tooMuch("has a header of more than 4 MiB");
      yield chunk;
    }
  }

  entry({ name, type, size = 0 }: Headers): TarEntry {
    this.#understood = this.#passed;
    this.#budget.entries -= 1;
    if (this.#budget.entries < 0) throw this.#tooMuch("has more files than a module's image needs");
    if (name.length > longestPath) throw this.#tooMuch("has a path of more than 4096 characters");
    const kind = type === "file" || type === "contiguous-file" ? "file" : isLink(type) ? "link" : "other";
    return { path: name.replace(/^(?:\.?\/+)+/, "").replace(/\/+$/, ""), type: kind, size };
  }

  async *content(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#understood = this.#passed;
      yield chunk;
    }
  }

  #tooMuch(what: string): OciError {
    return unsupported(`${this.#name} ${what}: it is not read further. Publish the module as a Wasm artifact instead.`);
  }
}
