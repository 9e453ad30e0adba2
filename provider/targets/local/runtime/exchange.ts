/** One request of a client, and its answer, between the HTTP server and a guest host. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type FromHost, type HeaderList, type ToHost, WINDOW } from "./messages.ts";

type Answer = Extract<FromHost, { channel: number }>;

/** Statuses whose answers have no body, whatever the guest wrote. */
const BODILESS = new Set([204, 304]);

export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #channel = 0;
  #send: (...messages: ToHost[]) => void = () => {};
  #forget: () => void = () => {};
  #window = WINDOW;
  #over = false;
  #headWaits = false;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    response.on("close", () => {
      if (this.#over) return;
      this.#over = true;
      this.#send({ type: "abort", channel: this.#channel, reason: "the client has gone" });
      this.#forget();
    });
    response.on("error", () => {});
  }

  /** Begins: from here on the guest host hears of it. */
  open(channel: number, send: (...messages: ToHost[]) => void, forget: () => void): void {
    if (this.#over) {
      forget();
      return;
    }
    this.#channel = channel;
    this.#send = send;
    this.#forget = forget;
    const request = this.#request;
    const { headers } = request;
    const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
    send({
      type: "request",
      channel,
      head: {
        method: request.method ?? "GET",
        path: originForm(request.url ?? "/"),
        authority: headers.host,
        headers: pairs(request.rawHeaders),
      },
      hasBody,
    });
    if (hasBody) this.#passBody();
    else request.resume();
  }

  receive(message: Answer): void {
    switch (message.type) {
      case "response":
        this.#head(message.status, message.headers);
        return;
      case "data": {
        this.#headWaits = false;
        const { length } = message.chunk;
        const taken = () => this.#send({ type: "credit", channel: this.#channel, bytes: length });
        this.#response.write(message.chunk, () => !this.#over && taken());
        return;
      }
      case "end":
        if (message.trailers && message.trailers.length > 0) this.#response.addTrailers(message.trailers);
        this.#finish();
        this.#response.end();
        return;
      case "credit":
        this.#window += message.bytes;
        if (this.#window > 0) this.#request.resume();
        return;
      case "refuse":
        this.refuse(message.status, message.message);
        return;
      case "abort":
        this.refuse(502, message.reason);
    }
  }

  /** Ends it with an error: an answer of plain text, or a cut connection where the answer has begun. */
  refuse(status: number, message: string): void {
    if (this.#over) return;
    this.#finish();
    if (this.#response.headersSent) {
      this.#response.destroy();
      return;
    }
    this.#request.resume();
    this.#response.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    this.#response.end(`${message}\n`);
  }

  #finish(): void {
    this.#over = true;
    this.#headWaits = false;
    this.#forget();
  }

  #head(status: number, headers: HeaderList): void {
    const own = BODILESS.has(status)
      ? headers.filter(([name]) => name.toLowerCase() !== "content-length")
      : headers;
    this.#response.writeHead(status, own.flat());
    // The first part of the body goes with it, if it is there already.
    this.#headWaits = true;
    setImmediate(() => {
      if (this.#headWaits) this.#response.flushHeaders();
    });
  }

  #passBody(): void {
    const request = this.#request;
    request.on("data", (chunk: Buffer) => {
      if (this.#over) return;
      this.#window -= chunk.length;
      if (this.#window <= 0) request.pause();
      this.#send({ type: "data", channel: this.#channel, chunk: new Uint8Array(chunk) });
    });
    request.on("end", () => {
      const trailers = pairs(request.rawTrailers);
      if (!this.#over) this.#send({ type: "end", channel: this.#channel, trailers });
    });
    request.on("error", () => {});
  }
}

function pairs(raw: string[]): HeaderList {
  const list: HeaderList = [];
  for (let at = 0; at + 1 < raw.length; at += 2) list.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return list;
}

/** The request target without scheme and authority, which clients of proxies send. */
function originForm(target: string): string {
  const absolute = /^[a-z]+:\/\/[^/?#]*(.*)$/i.exec(target);
  if (!absolute) return target;
  const rest = absolute[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}
