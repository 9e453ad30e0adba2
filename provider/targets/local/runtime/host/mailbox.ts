import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { FromWorker, ToWorker } from "../messages.ts";

type Inbound = Exclude<ToWorker, { type: "request" }>;
export type Receiver = (message: Inbound) => void;

/** Bytes that may lie in the outbox before they are sent in any case. */
const OUTBOX_LIMIT = 64 * 1024;
/** A flush of the guest's waits for more to say when the last one was so short a time ago: each wakes a thread. */
const FLUSH_MS = 5;

/**
 * A worker's side of its line to the guest host. The guest runs synchronously, so nothing is delivered by the event loop
 * while it does: messages are fetched when the guest looks, and waiting is a wait on shared memory.
 */
export class Mailbox {
  readonly #port: MessagePort;
  readonly #signal: Int32Array;
  readonly #receivers = new Map<number, Receiver>();
  #outbox: FromWorker[] = [];
  #outboxBytes = 0;
  #nextChannel = 0;
  #flushedAt = 0;

  constructor(port: MessagePort, signal: SharedArrayBuffer) {
    this.#port = port;
    this.#signal = new Int32Array(signal);
  }

  /** Opens a channel of the guest's own. Even numbers; the supervisor's requests have odd ones. */
  open(receiver: Receiver): number {
    this.#nextChannel += 2;
    this.#receivers.set(this.#nextChannel, receiver);
    return this.#nextChannel;
  }

  listen(channel: number, receiver: Receiver): void {
    this.#receivers.set(channel, receiver);
  }

  close(channel: number): void {
    if (this.#receivers.delete(channel)) this.send({ type: "close", channel });
  }

  /** Forgets every channel; for the end of an instance. */
  reset(): void {
    for (const channel of this.#receivers.keys())
      if (channel % 2 === 0) this.send({ type: "close", channel });
    this.#receivers.clear();
  }

  send(message: FromWorker): void {
    this.#outbox.push(message);
    if (message.type === "data") this.#outboxBytes += message.chunk.length;
    if (this.#outboxBytes > OUTBOX_LIMIT) this.flush();
  }

  /** For a guest that flushes: sends now unless that was just done. Waiting and ending send in any case. */
  flushSoon(): void {
    if (performance.now() - this.#flushedAt > FLUSH_MS) this.flush();
  }

  /** From here on the guest computes; what it says in the first moments may go together. */
  begin(): void {
    this.#flushedAt = performance.now();
  }

  flush(): void {
    if (this.#outbox.length === 0) return;
    this.#port.postMessage(this.#outbox);
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#flushedAt = performance.now();
  }

  deliver(messages: ToWorker[]): void {
    for (const message of messages) {
      if (message.type !== "request") this.#receivers.get(message.channel)?.(message);
    }
  }

  /** Delivers what has arrived. */
  drain(): void {
    for (let got = receiveMessageOnPort(this.#port); got; got = receiveMessageOnPort(this.#port)) {
      this.deliver(got.message);
    }
  }

  /** Waits until `ready` holds, or until the monotonic time `deadline` (nanoseconds) has come. */
  wait(ready: () => boolean, deadline?: bigint): void {
    for (;;) {
      const seen = Atomics.load(this.#signal, 0);
      this.drain();
      if (ready()) return;
      this.flush();
      let timeout = Number.POSITIVE_INFINITY;
      if (deadline !== undefined) {
        const left = deadline - process.hrtime.bigint();
        if (left <= 0n) return;
        timeout = Number(left) / 1e6;
      }
      Atomics.store(this.#signal, 1, 1);
      Atomics.wait(this.#signal, 0, seen, timeout);
      Atomics.store(this.#signal, 1, 0);
    }
  }
}
