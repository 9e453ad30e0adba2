/** `wasi:io@0.2.x`: errors, pollables and streams. */
import { WitError } from "./errors.ts";
import type { Mailbox } from "./mailbox.ts";

export class IoError {
  readonly #text: string;
  /** What the error is to another interface, such as an HTTP or a file system error code. */
  readonly code: unknown;
  constructor(text: string, code?: unknown) {
    this.#text = text;
    this.code = code;
  }
  toDebugString(): string {
    return this.#text;
  }
}

export function closed(): WitError {
  return new WitError({ tag: "closed" });
}

export function failed(text: string, code?: unknown): WitError {
  return new WitError({ tag: "last-operation-failed", val: new IoError(text, code) });
}

export class Pollable {
  readonly #mailbox: Mailbox;
  readonly isReady: () => boolean;
  /** Monotonic nanoseconds, for a timer. */
  readonly deadline: bigint | undefined;
  constructor(mailbox: Mailbox, isReady: () => boolean, deadline?: bigint) {
    this.#mailbox = mailbox;
    this.isReady = isReady;
    this.deadline = deadline;
  }
  ready(): boolean {
    this.#mailbox.drain();
    // What the guest waits for may depend on what it has sent.
    this.#mailbox.flush();
    return this.isReady();
  }
  block(): void {
    poll(this.#mailbox, [this]);
  }
}

/** A timer of `wasi:clocks/monotonic-clock`. */
export function timer(mailbox: Mailbox, deadline: bigint): Pollable {
  return new Pollable(mailbox, () => process.hrtime.bigint() >= deadline, deadline);
}

function poll(mailbox: Mailbox, pollables: Pollable[]): Uint32Array {
  if (pollables.length === 0) throw new Error("the guest polled an empty list");
  let deadline: bigint | undefined;
  for (const { deadline: own } of pollables) {
    if (own !== undefined && (deadline === undefined || own < deadline)) deadline = own;
  }
  const found: number[] = [];
  while (found.length === 0) {
    mailbox.wait(() => pollables.some((p) => p.isReady()), deadline);
    pollables.forEach((p, index) => {
      if (p.isReady()) found.push(index);
    });
  }
  return new Uint32Array(found);
}

/** Where an input stream's bytes come from. */
export interface Source {
  /** At most `max` bytes that are there; empty when there are none yet. Throws the stream's error at its end. */
  take(max: number): Uint8Array;
  isReady(): boolean;
  close(): void;
}

/** Where an output stream's bytes go. */
export interface Sink {
  /** How many bytes may be written now; 0 means wait. Throws the stream's error when it is closed. */
  budget(): number;
  write(bytes: Uint8Array): void;
  flush(): void;
  isReady(): boolean;
  close(): void;
}

/** No guest gets more than this at once, whatever it asks for. */
const MAX_READ = 1024 * 1024;

function amount(length: bigint): number {
  return length > BigInt(MAX_READ) ? MAX_READ : Number(length);
}

export class InputStream {
  readonly #mailbox: Mailbox;
  readonly source: Source;
  constructor(mailbox: Mailbox, source: Source) {
    this.#mailbox = mailbox;
    this.source = source;
  }
  read(length: bigint): Uint8Array {
    this.#mailbox.drain();
    return this.source.take(amount(length));
  }
  blockingRead(length: bigint): Uint8Array {
    if (length > 0n) this.#mailbox.wait(() => this.source.isReady());
    return this.source.take(amount(length));
  }
  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }
  blockingSkip(length: bigint): bigint {
    return BigInt(this.blockingRead(length).length);
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => this.source.isReady());
  }
  [Symbol.dispose](): void {
    this.source.close();
  }
}

const ZEROES = new Uint8Array(64 * 1024);

export class OutputStream {
  readonly #mailbox: Mailbox;
  readonly sink: Sink;
  /** What the last `check-write` allowed. */
  #permit = 0;
  constructor(mailbox: Mailbox, sink: Sink) {
    this.#mailbox = mailbox;
    this.sink = sink;
  }
  checkWrite(): bigint {
    this.#mailbox.drain();
    this.#permit = this.sink.budget();
    return BigInt(this.#permit);
  }
  write(bytes: Uint8Array): void {
    if (bytes.length > this.#permit) throw new Error("the guest wrote more than check-write allowed");
    this.#permit -= bytes.length;
    this.sink.budget();
    this.sink.write(bytes);
  }
  blockingWriteAndFlush(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      this.#mailbox.wait(() => this.sink.isReady());
      const part = bytes.subarray(at, at + this.sink.budget());
      this.sink.write(part);
      at += part.length;
    }
    this.blockingFlush();
  }
  flush(): void {
    this.sink.budget();
    this.sink.flush();
  }
  blockingFlush(): void {
    this.flush();
    this.#mailbox.wait(() => this.sink.isReady());
    this.sink.budget();
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => this.sink.isReady());
  }
  writeZeroes(length: bigint): void {
    if (length > BigInt(this.#permit)) throw new Error("the guest wrote more than check-write allowed");
    for (let left = Number(length); left > 0; left -= ZEROES.length) {
      this.write(ZEROES.subarray(0, Math.min(left, ZEROES.length)));
    }
  }
  blockingWriteZeroesAndFlush(length: bigint): void {
    this.blockingWriteAndFlush(new Uint8Array(Number(length)));
  }
  splice(source: InputStream, length: bigint): bigint {
    const room = this.checkWrite();
    if (room === 0n) return 0n;
    const bytes = source.read(length < room ? length : room);
    this.write(bytes);
    return BigInt(bytes.length);
  }
  blockingSplice(source: InputStream, length: bigint): bigint {
    this.#mailbox.wait(() => this.sink.isReady());
    const room = BigInt(this.sink.budget());
    const bytes = source.blockingRead(length < room ? length : room);
    this.sink.write(bytes);
    return BigInt(bytes.length);
  }
  [Symbol.dispose](): void {
    this.sink.close();
  }
}

export function ioInterfaces(mailbox: Mailbox) {
  return {
    "wasi:io/error": { Error: IoError },
    "wasi:io/poll": { Pollable, poll: (pollables: Pollable[]) => poll(mailbox, pollables) },
    "wasi:io/streams": { InputStream, OutputStream },
  };
}

/** A stream of nothing. */
export const emptySource: Source = {
  take() {
    throw closed();
  },
  isReady: () => true,
  close() {},
};

/** Takes everything and keeps nothing. */
export const nowhere: Sink = {
  budget: () => 64 * 1024,
  write() {},
  flush() {},
  isReady: () => true,
  close() {},
};
