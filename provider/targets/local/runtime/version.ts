/** One version of the guest: its process, brought back when it ends, and the requests that it works on. */
import { randomInt } from "node:crypto";
import { findApp } from "../apps.ts";
import type { Deployment } from "../controlProtocol.ts";
import { type GuestProcess, startGuestProcess } from "../guestProcess.ts";
import type { Exchange } from "./exchange.ts";
import type { LogFile } from "./logFile.ts";
import type { FromHost, ToHost } from "./messages.ts";

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** A process that ran for so long starts with the first back-off again. */
const STEADY_MS = 60_000;
/** How long a request waits for a process that is being brought back. */
const PATIENCE_MS = 5_000;

export class Version {
  readonly deployment: Deployment;
  readonly #code: string;
  readonly #log: LogFile;
  readonly #directory: string;
  readonly #exchanges = new Map<number, Exchange>();
  #process: GuestProcess | undefined;
  #nextChannel = randomInt(1000) * 2 + 1;
  #state: "starting" | "ready" | "stopped" = "starting";
  #backoff = FIRST_BACKOFF_MS;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #waiting: { resume: () => void; giveUp: () => void }[] = [];
  #failure = "it did not answer";
  #onEmpty: (() => void) | undefined;
  /** How often the process was brought back. */
  restarts = 0;

  /**
   * @param code the folder that the process reads the transpiled component from
   * @param directory that of the instances, where other Apps are found
   */
  constructor(deployment: Deployment, code: string, log: LogFile, directory: string) {
    this.deployment = deployment;
    this.#code = code;
    this.#log = log;
    this.#directory = directory;
  }

  get ready(): boolean {
    return this.#state === "ready";
  }

  /**
   * Resolves once the component has been instantiated without an error; rejects with the reason if it is not in time or
   * the signal ends it.
   */
  start(signal: AbortSignal): Promise<void> {
    const { startTimeoutMs } = this.deployment;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => giveUp(`it did not answer within ${startTimeoutMs} ms`), startTimeoutMs);
      const cancel = () => giveUp("the start was given up");
      const settle = () => {
        clearTimeout(limit);
        signal.removeEventListener("abort", cancel);
      };
      signal.addEventListener("abort", cancel, { once: true });
      const giveUp = (reason: string) => {
        settle();
        this.stop();
        reject(new Error(reason));
      };
      this.#waiting.push({
        resume: () => {
          settle();
          resolve();
        },
        giveUp: () => giveUp(this.#failure),
      });
      this.#spawn();
    });
  }

  /** Takes a request. The exchange is told what comes of it. */
  take(exchange: Exchange): void {
    if (this.#state === "ready") this.#begin(exchange);
    else if (this.#state === "stopped") exchange.refuse(503, "the server is stopping");
    else this.#wait(exchange);
  }

  #wait(exchange: Exchange): void {
    const limit = setTimeout(() => {
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
      exchange.refuse(502, "the guest is being restarted");
    }, PATIENCE_MS);
    const waiting = {
      resume: () => {
        clearTimeout(limit);
        this.#begin(exchange);
      },
      giveUp: () => {
        clearTimeout(limit);
        exchange.refuse(502, "the guest could not be restarted");
      },
    };
    this.#waiting.push(waiting);
  }

  /** Ends the process once no request is under way, or when `limitMs` have passed. */
  drain(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const limit = setTimeout(() => done(), limitMs);
      const done = () => {
        clearTimeout(limit);
        this.stop();
        resolve();
      };
      this.#onEmpty = done;
      if (this.#exchanges.size === 0 && this.#waiting.length === 0) done();
    });
  }

  stop(): void {
    this.#state = "stopped";
    clearTimeout(this.#timer);
    this.#process?.child.kill("SIGKILL");
    this.#endAll("the server was stopped");
  }

  #spawn(): void {
    const { deployment } = this;
    const { preopens, memoryPages, guest } = deployment;
    this.#startedAt = Date.now();
    const writable = preopens.filter(({ write }) => write).map(({ host }) => host);
    const current: GuestProcess = startGuestProcess(
      {
        read: [this.#code, ...preopens.map(({ host }) => host)],
        write: writable,
        descriptors: preopens.length > 0,
        memoryPages,
      },
      (messages) => {
        for (const message of messages) this.#receive(message);
      },
      (text) => this.#log.write("host", text),
      (reason) => this.#ended(reason),
    );
    this.#process = current;
    current.send({ type: "serve", config: { ...guest, preopens, code: this.#code } });
  }

  #begin(exchange: Exchange): void {
    const channel = this.#nextChannel;
    this.#nextChannel += 2;
    this.#exchanges.set(channel, exchange);
    exchange.open(
      channel,
      (...messages: ToHost[]) => this.#process?.send(...messages),
      () => this.#forget(channel),
    );
  }

  #forget(channel: number): void {
    this.#exchanges.delete(channel);
    if (this.#exchanges.size === 0) this.#onEmpty?.();
  }

  #receive(message: FromHost): void {
    switch (message.type) {
      case "ready":
        this.#state = "ready";
        for (const { resume } of this.#waiting.splice(0)) resume();
        return;
      case "failed":
        this.#failure = message.message;
        this.#log.write("host", message.message);
        this.#process?.child.kill("SIGKILL");
        return;
      case "log":
        this.#log.write(message.stream, message.text);
        return;
      case "findApp":
        void this.#findApp(message.name);
        return;
      case "exit":
        return;
      default:
        this.#exchanges.get(message.channel)?.receive(message);
    }
  }

  async #findApp(name: string): Promise<void> {
    const found = await findApp(this.#directory, this.deployment.application, name);
    this.#process?.send({ type: "app", name, found });
  }

  #ended(reason: string): void {
    if (this.#state === "stopped") return;
    const wasReady = this.#state === "ready" || this.restarts > 0;
    if (this.#failure === "it did not answer") this.#failure = reason;
    this.#state = "starting";
    this.#endAll("the guest's process ended");
    if (!wasReady) {
      for (const { giveUp } of this.#waiting.splice(0)) giveUp();
      return;
    }
    this.restarts++;
    if (Date.now() - this.#startedAt > STEADY_MS) this.#backoff = FIRST_BACKOFF_MS;
    this.#log.write("host", `${reason}; starting again in ${this.#backoff} ms`);
    this.#timer = setTimeout(() => this.#spawn(), this.#backoff);
    this.#backoff = Math.min(this.#backoff * 2, LONGEST_BACKOFF_MS);
  }

  #endAll(reason: string): void {
    for (const exchange of [...this.#exchanges.values()]) exchange.refuse(502, reason);
    this.#exchanges.clear();
  }
}
