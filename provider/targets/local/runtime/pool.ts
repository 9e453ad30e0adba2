/** The guest host's worker threads, and the requests that wait for one. */
import { availableParallelism } from "node:os";
import type { FindApp } from "./broker/broker.ts";
import { Member, type Pending, type Send } from "./member.ts";
import type { Flow, GuestConfig, RequestHead } from "./messages.ts";

/** Requests that may wait for a worker, for each worker. */
const QUEUE_PER_WORKER = 64;
/** How often it is looked whether waiting requests need another thread. */
const CHECK_MS = 10;
/** When no request has come to its end for so long while others wait, the guests at work are taken for stuck. */
const STUCK_MS = 100;
/** How long to wait before another try when no thread could be started. */
const RETRY_MS = 1_000;
const PROCESSORS = availableParallelism();
/** A worker that had nothing to do for so long is ended, down to one. */
const IDLE_MS = 30_000;

/** Serves requests with as many workers as are needed, up to the limit. */
export class Pool {
  readonly #config: GuestConfig;
  readonly #modules: Map<string, WebAssembly.Module>;
  readonly #send: Send;
  readonly #findApp: FindApp;
  readonly #members = new Set<Member>();
  readonly #idle: Member[] = [];
  readonly #queue: Pending[] = [];
  /** When a request last got or left its thread. */
  #movedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #everReady = false;

  constructor(config: GuestConfig, modules: Map<string, WebAssembly.Module>, send: Send, findApp: FindApp) {
    this.#config = config;
    this.#modules = modules;
    this.#send = send;
    this.#findApp = findApp;
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
   * Starts threads for requests that wait. More threads than processors help only where guests wait rather than compute,
   * or where those that compute do not come to an end.
   */
  #consider(): void {
    const { concurrency } = this.#config;
    const oldest = this.#queue[0];
    if (!oldest || this.#members.size >= concurrency) return;
    const waiting = [...this.#members].filter((member) => member.isWaiting).length;
    const computing = this.#members.size - this.#idle.length - waiting;
    const isStuck = performance.now() - Math.max(oldest.since, this.#movedAt) > STUCK_MS;
    const useful = Math.max(PROCESSORS - computing, isStuck ? 1 : 0);
    const wanted = Math.min(useful, this.#queue.length, concurrency - this.#members.size);
    for (let count = 0; count < wanted; count++) this.#grow();
    if (isStuck) this.#movedAt = performance.now();
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#consider();
    }, CHECK_MS);
  }

  #grow(): void {
    let started = false;
    const data = { config: this.#config, modules: this.#modules, run: "service" } as const;
    const member = new Member(data, this.#send, this.#findApp, {
      ready: (ready) => {
        started = true;
        if (!this.#everReady) this.#send({ type: "ready" });
        this.#everReady = true;
        this.#free(ready);
      },
      free: (free) => this.#free(free),
      dead: (dead, reason) => {
        this.#drop(dead);
        if (!this.#everReady) this.#send({ type: "failed", message: reason });
        else if (!started) this.#giveUp(reason);
        else if (this.#members.size === 0 || this.#queue.length > 0) this.#grow();
      },
    });
    this.#members.add(member);
  }

  /** The machine has no room for another thread: what waits is refused rather than kept waiting for it. */
  #giveUp(reason: string): void {
    if (this.#members.size > 0) return;
    for (const { channel } of this.#queue.splice(0)) {
      this.#send({ type: "refuse", channel, status: 503, message: reason });
    }
    setTimeout(() => this.#members.size === 0 && this.#grow(), RETRY_MS);
  }

  #free(member: Member): void {
    this.#movedAt = performance.now();
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
export function runJob(
  config: GuestConfig,
  modules: Map<string, WebAssembly.Module>,
  send: Send,
  findApp: FindApp,
): void {
  let exited = false;
  const watch: Send = (message) => {
    if (message.type === "exit") exited = true;
    send(message);
  };
  new Member({ config, modules, run: "job" }, watch, findApp, {
    ready: () => {},
    free: () => {},
    dead: (_member, reason) => {
      if (exited) return;
      send({ type: "log", stream: "host", text: reason });
      send({ type: "exit", code: 1 });
    },
  });
}
