/** The guest host's worker threads, and the requests that wait for one. */
import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { pluginFile } from "../../../pluginFiles.ts";
import { Broker } from "./broker/broker.ts";
import type {
  Flow,
  FromHost,
  FromWorker,
  GuestConfig,
  Outward,
  RequestHead,
  ToWorker,
  WorkerData,
} from "./messages.ts";

/** Requests that may wait for a worker, for each worker. */
const QUEUE_PER_WORKER = 64;
/** How long a request may wait before another thread than those that the processor can run is started for it. */
const WAIT_MS = 25;
const PROCESSORS = availableParallelism();
/** A worker that had nothing to do for so long is ended, down to one. */
const IDLE_MS = 30_000;
/** The JavaScript around the guest gets no more than this; the guest's own memory is bounded by V8's page limit. */
const HEAP_MB = 256;

type Send = (message: FromHost) => void;

interface Pending {
  channel: number;
  head: RequestHead;
  hasBody: boolean;
  /** What arrived of the body while it waited. */
  kept: Flow[];
  since: number;
}

/** One thread, its line, and what it works on. */
class Member {
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
    events: {
      ready(member: Member): void;
      free(member: Member): void;
      dead(member: Member, reason: string): void;
    },
  ) {
    const line = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    this.#port = line.port1;
    this.#signal = new Int32Array(signal);
    this.#send = send;
    this.#broker = new Broker(
      data.config.rules,
      (message) => this.post([message]),
      (text) => {
        send({ type: "log", stream: "host", text });
      },
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

/** Serves requests with as many workers as are needed, up to the limit. */
export class Pool {
  readonly #config: GuestConfig;
  readonly #modules: Map<string, WebAssembly.Module>;
  readonly #send: Send;
  readonly #members = new Set<Member>();
  readonly #idle: Member[] = [];
  readonly #queue: Pending[] = [];
  #starting = 0;
  #timer: NodeJS.Timeout | undefined;
  #everReady = false;

  constructor(config: GuestConfig, modules: Map<string, WebAssembly.Module>, send: Send) {
    this.#config = config;
    this.#modules = modules;
    this.#send = send;
    setInterval(() => this.#shrink(), IDLE_MS / 2).unref();
  }

  /** Starts the first worker; the pool says `ready` once it has instantiated the component, or `failed`. */
  open(): void {
    this.#grow();
  }

  request(channel: number, head: RequestHead, hasBody: boolean): void {
    const { concurrency } = this.#config;
    if (this.#queue.length >= concurrency * QUEUE_PER_WORKER) {
      this.#send({ type: "refuse", channel, status: 503, message: "too many requests are waiting" });
      return;
    }
    this.#queue.push({ channel, head, hasBody, kept: [], since: performance.now() });
    this.#dispatch();
  }

  flow(message: Flow): void {
    for (const member of this.#members) {
      if (member.channel !== message.channel) continue;
      member.post([message]);
      return;
    }
    const at = this.#queue.findIndex((p) => p.channel === message.channel);
    if (at < 0) return;
    // The client has gone before its turn came.
    if (message.type === "abort") this.#queue.splice(at, 1);
    else this.#queue[at]?.kept.push(message);
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const member = this.#idle.pop();
      if (!member) break;
      const next = this.#queue.shift();
      if (next) member.start(next, this.#config.requestTimeoutMs);
    }
    this.#consider();
  }

  /**
   * Starts threads for requests that wait. Beyond what the processor can run at once that helps only where guests wait for
   * others, so it is done for those that the busy threads do not get to soon.
   */
  #consider(): void {
    const now = performance.now();
    const late = this.#queue.filter(({ since }) => now - since >= WAIT_MS).length;
    const useful = Math.min(PROCESSORS, this.#members.size + this.#queue.length);
    const wanted = Math.min(
      this.#config.concurrency,
      Math.max(useful, this.#members.size - this.#starting + late),
    );
    while (this.#members.size < wanted) this.#grow();
    if (this.#queue.length === 0 || this.#members.size >= this.#config.concurrency) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#consider();
    }, WAIT_MS);
  }

  #grow(): void {
    this.#starting++;
    let started = false;
    const member = new Member({ config: this.#config, modules: this.#modules, run: "service" }, this.#send, {
      ready: (ready) => {
        started = true;
        this.#starting--;
        if (!this.#everReady) this.#send({ type: "ready" });
        this.#everReady = true;
        this.#free(ready);
      },
      free: (free) => this.#free(free),
      dead: (dead, reason) => {
        if (!started) this.#starting--;
        this.#drop(dead);
        if (!this.#everReady) this.#send({ type: "failed", message: reason });
        else if (this.#members.size === 0 || this.#queue.length > 0) this.#grow();
      },
    });
    this.#members.add(member);
  }

  #free(member: Member): void {
    this.#idle.push(member);
    this.#dispatch();
  }

  #drop(member: Member): void {
    this.#members.delete(member);
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #shrink(): void {
    const before = Date.now() - IDLE_MS;
    for (const member of [...this.#idle]) {
      if (this.#members.size === 1) return;
      if (member.idleSince > before) continue;
      this.#drop(member);
      void member.end();
    }
  }
}

/** Runs the component's command once, in one worker. */
export function runJob(config: GuestConfig, modules: Map<string, WebAssembly.Module>, send: Send): void {
  let exited = false;
  const watch: Send = (message) => {
    if (message.type === "exit") exited = true;
    send(message);
  };
  new Member({ config, modules, run: "job" }, watch, {
    ready: () => {},
    free: () => {},
    dead: (_member, reason) => {
      if (exited) return;
      send({ type: "log", stream: "host", text: reason });
      send({ type: "exit", code: 1 });
    },
  });
}
