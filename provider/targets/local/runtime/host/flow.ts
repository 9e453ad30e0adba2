/** Streams over a channel of the mailbox, under credit. */
import { type Flow, type HeaderList, WINDOW } from "../messages.ts";
import { closed, failed, type Sink, type Source } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";

/** The bytes that arrive on a channel. */
export class ChannelSource implements Source {
  readonly #mailbox: Mailbox;
  readonly #channel: number;
  #chunks: Uint8Array[] = [];
  #ended = false;
  #failure: { text: string; code: unknown } | undefined;
  /** Set once the stream has ended well. */
  trailers: HeaderList | undefined;

  constructor(mailbox: Mailbox, channel: number) {
    this.#mailbox = mailbox;
    this.#channel = channel;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  end(trailers?: HeaderList): void {
    this.#ended = true;
    this.trailers = trailers ?? [];
  }

  fail(text: string, code?: unknown): void {
    this.#failure ??= { text, code };
  }

  get failure(): { text: string; code: unknown } | undefined {
    return this.#failure;
  }

  get finished(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  isReady(): boolean {
    return this.#chunks.length > 0 || this.finished;
  }

  take(max: number): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined) {
      if (this.#failure) throw failed(this.#failure.text, this.#failure.code);
      if (this.#ended) throw closed();
      return new Uint8Array();
    }
    if (first.length > max) {
      this.#chunks[0] = first.subarray(max);
    } else {
      this.#chunks.shift();
    }
    const taken = first.length > max ? first.subarray(0, max) : first;
    if (!this.finished) this.#mailbox.send({ type: "credit", channel: this.#channel, bytes: taken.length });
    return taken;
  }

  close(): void {
    this.#chunks = [];
  }
}

/** The bytes that leave on a channel. What is written before the channel is known is kept. */
export class ChannelSink implements Sink {
  readonly #mailbox: Mailbox;
  #channel: number | undefined;
  #kept: ((channel: number) => Flow)[] = [];
  #window = WINDOW;
  #closed = false;
  #failure: string | undefined;
  /** Bytes written so far. */
  written = 0;

  constructor(mailbox: Mailbox, channel?: number) {
    this.#mailbox = mailbox;
    this.#channel = channel;
  }

  attach(channel: number): void {
    this.#channel = channel;
    for (const make of this.#kept) this.#mailbox.send(make(channel));
    this.#kept = [];
  }

  credit(bytes: number): void {
    this.#window += bytes;
  }

  fail(reason: string): void {
    this.#failure ??= reason;
  }

  budget(): number {
    if (this.#failure !== undefined) throw failed(this.#failure);
    if (this.#closed) throw closed();
    return Math.max(0, this.#window);
  }

  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.written += bytes.length;
    this.#window -= bytes.length;
    // Posted later on, and the guest's memory may change until then.
    const chunk = bytes.slice();
    this.#send((channel) => ({ type: "data", channel, chunk }));
  }

  end(trailers?: HeaderList): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#send((channel) => ({ type: "end", channel, ...(trailers && { trailers }) }));
  }

  abort(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#send((channel) => ({ type: "abort", channel, reason }));
  }

  flush(): void {
    this.#mailbox.flushSoon();
  }

  isReady(): boolean {
    return this.#window > 0 || this.#closed || this.#failure !== undefined;
  }

  close(): void {}

  #send(make: (channel: number) => Flow): void {
    if (this.#channel === undefined) this.#kept.push(make);
    else this.#mailbox.send(make(this.#channel));
  }
}
