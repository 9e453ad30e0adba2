/** One worker thread of the guest host, its line, and what it works on. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { pluginFile } from "../../../pluginFiles.ts";
import { Broker, type FindApp } from "./broker/broker.ts";
import type { Flow, FromHost, FromWorker, Outward, RequestHead, ToWorker, WorkerData } from "./messages.ts";

/** The JavaScript around the guest gets no more than this; the guest's own memory is bounded by V8's page limit. */
const HEAP_MB = 256;

export type Send = (message: FromHost) => void;

/** A request that waits for a thread, or has just found one. */
export interface Pending {
  channel: number;
  head: RequestHead;
  hasBody: boolean;
  /** What arrived of the body while it waited. */
  kept: Flow[];
  since: number;
}

export class Member {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #signal: Int32Array;
  readonly #broker: Broker;
  readonly #send: Send;
  #timer: NodeJS.Timeout | undefined;
  /** The request that it works on. */
  channel: number | undefined;
  #responded = false;
  #answerEnded = true;
  #instanceEnded = true;
  idleSince = 0;

  constructor(
    data: Omit<WorkerData, "port" | "signal">,
    send: Send,
    findApp: FindApp,
    events: {
      ready(member: Member): void;
      free(member: Member): void;
      dead(member: Member, reason: string): void;
    },
  ) {
    const line = new MessageChannel();
    const signal = new SharedArrayBuffer(8);
    this.#port = line.port1;
    this.#signal = new Int32Array(signal);
    this.#send = send;
    this.#broker = new Broker(
      data.config.rules,
      (message) => this.post([message]),
      (text) => {
        send({ type: "log", stream: "host", text });
      },
      findApp,
    );
    this.#worker = new Worker(pluginFile("local/requestWorker.js"), {
      workerData: { ...data, signal, port: line.port2 } satisfies WorkerData,
      transferList: [line.port2],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      stdout: false,
      stderr: false,
    });
    this.#port.on("message", (messages: FromWorker[]) => {
      for (const message of messages) this.#take(message, events);
    });
    let reason = "its thread ended";
    this.#worker.on("error", (error: NodeJS.ErrnoException) => {
      reason =
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? "the guest ran out of memory"
          : `the guest failed: ${error.message}`;
    });
    this.#worker.on("exit", () => {
      this.#fail(502, reason);
      this.#broker.close();
      this.#port.close();
      events.dead(this, reason);
    });
  }

  /** Whether its guest waits for something rather than computes. */
  get isWaiting(): boolean {
    return Atomics.load(this.#signal, 1) === 1;
  }

  post(messages: ToWorker[]): void {
    this.#port.postMessage(messages);
    Atomics.add(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }

  start(request: Pending, limitMs: number): void {
    this.channel = request.channel;
    this.#responded = false;
    this.#answerEnded = false;
    this.#instanceEnded = false;
    this.#timer = setTimeout(() => {
      this.#fail(504, `the guest took longer than ${limitMs} ms`);
      void this.#worker.terminate();
    }, limitMs);
    const { channel, head, hasBody } = request;
    this.post([{ type: "request", channel, head, hasBody }, ...request.kept]);
  }

  end(): Promise<number> {
    return this.#worker.terminate();
  }

  #take(message: FromWorker, events: { ready(m: Member): void; free(m: Member): void }): void {
    if (message.type === "instance") {
      this.#instance(message.state, events);
    } else if ("channel" in message && message.channel % 2 === 0) {
      // A channel of the guest's own.
      this.#broker.take(message as Flow | Outward);
    } else {
      if (message.type === "response") this.#responded = true;
      if (message.type === "refuse" || message.type === "end" || message.type === "abort")
        this.#answerEnded = true;
      this.#send(message as FromHost);
    }
  }

  #instance(state: "ready" | "ended", events: { ready(m: Member): void; free(m: Member): void }): void {
    if (state === "ready") {
      events.ready(this);
      return;
    }
    this.#instanceEnded = true;
    this.#broker.close();
    this.#settle(events);
  }

  #settle(events: { free(m: Member): void }): void {
    if (!this.#instanceEnded) return;
    // A guest that is gone sends nothing more: an answer without an end is cut.
    if (!this.#answerEnded) this.#fail(502, "the guest ended within its answer");
    clearTimeout(this.#timer);
    this.channel = undefined;
    this.idleSince = Date.now();
    events.free(this);
  }

  /** Ends the request under way, if any, with an error. */
  #fail(status: number, message: string): void {
    clearTimeout(this.#timer);
    if (this.channel === undefined || this.#answerEnded) return;
    this.#answerEnded = true;
    const channel = this.channel;
    this.#send({ type: "log", stream: "host", text: message });
    if (this.#responded) this.#send({ type: "abort", channel, reason: message });
    else this.#send({ type: "refuse", channel, status, message });
  }
}
