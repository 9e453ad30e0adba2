import { createHash, type Hash } from "node:crypto";
import type { Digest } from "./digest.ts";
import { ArtifactError, throwIfCancelled } from "./errors.ts";
import { headerSize } from "./header.ts";

/** Written at once: pieces from a network are small, and each write is a turn of a thread. */
const blockSize = 512 * 1024;

interface IncomingOptions {
  verified?: boolean | undefined;
  accept?: ((start: Uint8Array) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Bytes that arrive in pieces and must be what they are said to be. One block is filled while the one before is being
 * written, with two buffers whatever the size.
 */
export class IncomingBlob {
  readonly #expected: { digest: Digest; size: number };
  readonly #write: (block: Uint8Array) => Promise<unknown>;
  readonly #options: IncomingOptions;
  /** Absent where whoever hands the bytes on verifies them. */
  readonly #hash: Hash | undefined;
  #start: Uint8Array = new Uint8Array();
  #accepted = false;
  #size = 0;
  #block: Buffer;
  #spare: Buffer;
  /** Bytes in the block. */
  #filled = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(
    expected: { digest: Digest; size: number },
    write: (block: Uint8Array) => Promise<unknown>,
    options: IncomingOptions,
  ) {
    this.#expected = expected;
    this.#write = write;
    this.#options = options;
    this.#hash = options.verified ? undefined : createHash("sha256");
    const size = Math.min(blockSize, expected.size);
    this.#block = Buffer.allocUnsafeSlow(size);
    this.#spare = Buffer.allocUnsafeSlow(size);
  }

  /** The piece is the caller's again once this resolves. */
  async add(piece: Uint8Array): Promise<void> {
    throwIfCancelled(this.#options.signal);
    this.#size += piece.length;
    if (this.#size > this.#expected.size) throw this.#damaged(`more than ${this.#expected.size} bytes`);
    this.#look(piece);
    for (let rest = piece; rest.length > 0; ) {
      const taken = Math.min(rest.length, this.#block.length - this.#filled);
      this.#block.set(rest.subarray(0, taken), this.#filled);
      this.#filled += taken;
      rest = rest.subarray(taken);
      if (this.#filled === this.#block.length) await this.#next();
    }
  }

  /** Verifies what came: its size at least. */
  async end(): Promise<void> {
    if (this.#filled > 0) await this.#next();
    await this.#writing;
    if (this.#size < this.#expected.size)
      throw this.#damaged(`only ${this.#size} of ${this.#expected.size} bytes`);
    const digest = this.#hash && `sha256:${this.#hash.digest("hex")}`;
    if (digest && digest !== this.#expected.digest) throw this.#damaged(`the bytes of ${digest}`);
    if (!this.#accepted) this.#options.accept?.(this.#start);
  }

  /** Once it resolves, nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => undefined);
  }

  /** Hands the block over to be written, and begins another one. */
  async #next(): Promise<void> {
    const block = this.#block.subarray(0, this.#filled);
    this.#hash?.update(block);
    await this.#writing;
    this.#writing = this.#write(block);
    // Seen when the next block is full, or at the end.
    this.#writing.catch(() => undefined);
    [this.#block, this.#spare] = [this.#spare, this.#block];
    this.#filled = 0;
  }

  #look(chunk: Uint8Array): void {
    if (this.#accepted) return;
    this.#start = Buffer.concat([this.#start, chunk.subarray(0, headerSize - this.#start.length)]);
    if (this.#start.length < headerSize) return;
    this.#accepted = true;
    this.#options.accept?.(this.#start);
  }

  #damaged(found: string): ArtifactError {
    return new ArtifactError(
      "damaged",
      `What arrived for ${this.#expected.digest} is something else: ${found}. Nothing was kept; try again, or correct where it comes from.`,
    );
  }
}
