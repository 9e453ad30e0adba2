/** `wasi:io` streams over files. */
import { readSync, writeSync } from "node:fs";
import type { WitError } from "./errors.ts";
import { fileErrorCode } from "./fileErrors.ts";
import { closed, failed, type Sink, type Source } from "./io.ts";
import type { OpenFile } from "./openFile.ts";

const PART = 1024 * 1024;

function asStreamError(error: unknown): WitError {
  const code = fileErrorCode(error);
  return failed(code, code);
}

export class FileSource implements Source {
  readonly #file: OpenFile;
  #position: bigint;
  constructor(file: OpenFile, position: bigint) {
    this.#file = file.retain();
    this.#position = position;
  }
  take(max: number): Uint8Array {
    if (max === 0) return new Uint8Array();
    const bytes = new Uint8Array(Math.min(max, PART));
    let length: number;
    try {
      length = readSync(this.#file.fd, bytes, 0, bytes.length, this.#position);
    } catch (error) {
      throw asStreamError(error);
    }
    if (length === 0) throw closed();
    this.#position += BigInt(length);
    return bytes.subarray(0, length);
  }
  isReady(): boolean {
    return true;
  }
  close(): void {
    this.#file.release();
  }
}

export class FileSink implements Sink {
  readonly #file: OpenFile;
  #position: number | undefined;
  /** Without a position each write goes to the file's end; the file must be open for that. Takes the file over. */
  constructor(file: OpenFile, position: number | undefined) {
    this.#file = file;
    this.#position = position;
  }
  budget(): number {
    return PART;
  }
  write(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) {
        const length = writeSync(this.#file.fd, bytes, at, bytes.length - at, this.#position ?? null);
        at += length;
        if (this.#position !== undefined) this.#position += length;
      }
    } catch (error) {
      throw asStreamError(error);
    }
  }
  flush(): void {}
  isReady(): boolean {
    return true;
  }
  close(): void {
    this.#file.release();
  }
}
