/** What one worker's guest reaches out to, held by the guest host: the last check of every address is made here. */
import type { Rules } from "../../../../capabilities/rules.ts";
import type { FoundApp } from "../../apps.ts";
import type { Flow, Inward, Outward } from "../messages.ts";
import { calledApp } from "../policy.ts";
import { AppCall } from "./appCall.ts";
import { HttpCall } from "./http.ts";
import { Names } from "./names.ts";
import { TcpConnection } from "./tcp.ts";
import { UdpSocket } from "./udp.ts";

/** What a channel of the guest's own stands for. */
export interface Endpoint {
  take(message: Flow | Outward): void;
  close(): void;
}

export type Reply = (message: Inward | Flow) => void;

/** Asks where another App of the stack listens. */
export type FindApp = (name: string) => Promise<FoundApp>;

export class Broker {
  readonly #rules: Rules;
  readonly #reply: Reply;
  readonly #log: (text: string) => void;
  readonly #findApp: FindApp;
  readonly #endpoints = new Map<number, Endpoint>();
  /** Kept for one instance only. */
  #names: Names;

  constructor(rules: Rules, reply: Reply, log: (text: string) => void, findApp: FindApp) {
    this.#rules = rules;
    this.#reply = reply;
    this.#log = log;
    this.#findApp = findApp;
    this.#names = new Names(rules);
  }

  take(message: Flow | Outward): void {
    if (message.type === "instance") return;
    const open = this.#endpoints.get(message.channel);
    if (message.type === "close") {
      this.#drop(message.channel);
    } else if (open) {
      open.take(message);
    } else {
      const made = this.#open(message);
      if (made) this.#endpoints.set(message.channel, made);
    }
  }

  /** Ends everything that the instance left open. */
  close(): void {
    for (const channel of this.#endpoints.keys()) this.#drop(channel);
    this.#names = new Names(this.#rules);
  }

  #open(message: Flow | Outward): Endpoint | undefined {
    const context = { rules: this.#rules, reply: this.#reply, log: this.#log, names: this.#names };
    switch (message.type) {
      case "http": {
        const { channel, request } = message;
        const app = calledApp(this.#rules.calls, request.scheme, request.authority);
        return app === undefined
          ? new HttpCall(channel, request, context)
          : new AppCall(channel, request, app, this.#findApp(app), context);
      }
      case "tcp":
        return new TcpConnection(message.channel, message.remote, context);
      case "udp":
        return new UdpSocket(message.channel, message.family, context);
      case "lookup":
        void this.#names.look(message.channel, message.name, context);
        return undefined;
      default:
        return undefined;
    }
  }

  #drop(channel: number): void {
    this.#endpoints.get(channel)?.close();
    this.#endpoints.delete(channel);
  }
}

export interface Context {
  rules: Rules;
  reply: Reply;
  log: (text: string) => void;
  names: Names;
}
