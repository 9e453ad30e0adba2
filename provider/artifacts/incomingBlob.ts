import { createHash } from "node:crypto";
import type { Digest } from "./digest.ts";
import { ArtifactError, throwIfCancelled } from "./errors.ts";
import { headerSize } from "./header.ts";

/** Bytes that arrive in pieces and must be what they are said to be; hashed while the piece before is written. */
export class IncomingBlob {
  readonly #expected: { digest: Digest; size: number };
  readonly #write: (chunk: Uint8Array) => Promise<unknown>;
  readonly #options: { accept?: ((start: Uint8Array) => void) | undefined; signal?: AbortSignal | undefined };
  readonly #hash = createHash("sha256");
  #start: Uint8Array = new Uint8Array();
  #accepted = false;
  #size = 0;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(
    expected: { digest: Digest; size: number },
    write: (chunk: Uint8Array) => Promise<unknown>,
    options: { accept?: ((start: Uint8Array) => void) | undefined; signal?: AbortSignal | undefined },
  ) {
    this.#expected = expected;
    this.#write = write;
    this.#options = options;
  }

  /** Resolves when the piece before this one is written: at most two are in memory. */
  async add(chunk: Uint8Array): Promise<void> {
    throwIfCancelled(this.#options.signal);
    this.#size += chunk.length;
    if (this.#size > this.#expected.size) throw this.#damaged(`more than ${this.#expected.size} bytes`);
    this.#look(chunk);
    this.#hash.update(chunk);
    await this.#writing;
    this.#writing = this.#write(chunk);
    // Seen by the next piece, or by the end.
    this.#writing.catch(() => undefined);
  }

  /** Verifies what came. */
  async end(): Promise<void> {
    await this.#writing;
    if (this.#size < this.#expected.size)
      throw this.#damaged(`only ${this.#size} of ${this.#expected.size} bytes`);
    const digest = `sha256:${this.#hash.digest("hex")}`;
    if (digest !== this.#expected.digest) throw this.#damaged(`the bytes of ${digest}`);
    if (!this.#accepted) this.#options.accept?.(this.#start);
  }

  /** Once it resolves, nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#writing.catch(() => undefined);
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
