/** One outgoing HTTP request. Redirects are the guest's to follow, so that each hop is held against the grants. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import type { Origin } from "../../../../capabilities/rules.ts";
import { type Flow, type HttpErrorCode, type OutgoingHttp, type Outward, WINDOW } from "../messages.ts";
import { grantedOrigin, reachable } from "../policy.ts";
import type { Context, Endpoint } from "./broker.ts";
import { resolve } from "./names.ts";

const DEFAULT_TIMEOUT_MS = 600_000;

/** An address that a name leads to and must not. */
class Prohibited extends Error {
  readonly code = "PROHIBITED";
}

/** Resolves a granted name to addresses that may be reached; the connection is made to exactly these. */
const checkedLookup: LookupFunction = (hostname, options, callback) => {
  const host = hostname.replace(/\.$/, "");
  resolve(host).then(
    (all) => {
      const wanted = all.filter(({ family }) => !options.family || options.family === family);
      const found = reachable(host, wanted);
      const first = found[0];
      if (!first) return callback(new Prohibited(`${host} leads to an address that is not public`), []);
      if (options.all) callback(null, found);
      else callback(null, first.address, first.family);
    },
    (error: NodeJS.ErrnoException) => callback(error, []),
  );
};

const agents = {
  http: new Agent({ keepAlive: true, lookup: checkedLookup }),
  https: new HttpsAgent({ keepAlive: true, lookup: checkedLookup }),
};

const CODES: Record<string, string> = {
  PROHIBITED: "destination-IP-prohibited",
  ENOTFOUND: "destination-not-found",
  EAI_AGAIN: "DNS-timeout",
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-terminated",
  EPIPE: "connection-terminated",
  EHOSTUNREACH: "destination-unavailable",
  ENETUNREACH: "destination-unavailable",
  ETIMEDOUT: "connection-timeout",
};

function errorCode(error: NodeJS.ErrnoException): HttpErrorCode {
  const { code = "" } = error;
  // A name with several addresses fails with all their errors.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return errorCode(error.errors[0]);
  if (code === "ENOTFOUND") return { tag: "DNS-error", val: { rcode: "NXDOMAIN", infoCode: 0 } };
  const tag = CODES[code];
  if (tag) return { tag };
  if (code.startsWith("HPE_")) return { tag: "HTTP-protocol-error" };
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) return { tag: "TLS-certificate-error" };
  if (/SSL|TLS|EPROTO/.test(code)) return { tag: "TLS-protocol-error" };
  return { tag: "internal-error", val: code || error.message };
}

export class HttpCall implements Endpoint {
  readonly #channel: number;
  readonly #context: Context;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #window = WINDOW;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  /** @param app the App that is called, and where it listens */
  constructor(
    channel: number,
    call: OutgoingHttp,
    context: Context,
    app?: { name: string; host: string; port: number },
  ) {
    this.#channel = channel;
    this.#context = context;
    const origin: Origin | undefined = app
      ? { scheme: "http", host: app.name, port: 80 }
      : grantedOrigin(context.rules.http, call.scheme, call.authority);
    if (!origin) {
      this.#fail({ tag: "HTTP-request-denied" });
      return;
    }
    const isHttps = origin.scheme === "https";
    const bare = origin.host.replace(/^\[|\]$/g, "");
    const headers = call.headers.flat();
    headers.push(
      "Host",
      origin.port === (isHttps ? 443 : 80) ? origin.host : `${origin.host}:${origin.port}`,
    );
    try {
      this.#request = (isHttps ? httpsRequest : httpRequest)({
        agent: agents[origin.scheme],
        host: app?.host ?? bare,
        port: app?.port ?? origin.port,
        ...(isHttps && isIP(bare) === 0 ? { servername: bare } : {}),
        method: call.method,
        path: call.path,
        headers: headers as unknown as string[],
        setHost: false,
      });
    } catch (error) {
      this.#fail({ tag: "internal-error", val: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#listen(this.#request, call);
  }

  take(message: Flow | Outward): void {
    if (message.type === "data") {
      const { length } = message.chunk;
      this.#request?.write(message.chunk, () =>
        this.#reply({ type: "credit", channel: this.#channel, bytes: length }),
      );
    } else if (message.type === "end") {
      this.#request?.end();
    } else if (message.type === "abort") {
      this.#request?.destroy();
    } else if (message.type === "credit") {
      this.#window += message.bytes;
      if (this.#window > 0) this.#response?.resume();
    }
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    if (!this.#response?.complete) this.#request?.destroy();
  }

  #listen(request: ClientRequest, call: OutgoingHttp): void {
    this.#limit(call.connectTimeoutMs ?? DEFAULT_TIMEOUT_MS, "connection-timeout");
    const firstByte = () =>
      this.#limit(call.firstByteTimeoutMs ?? DEFAULT_TIMEOUT_MS, "connection-read-timeout");
    request.on("socket", (socket) => {
      if (!socket.connecting) firstByte();
      else socket.once(call.scheme === "https" ? "secureConnect" : "connect", firstByte);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      if (error instanceof Prohibited) this.#context.log(`an HTTP request was refused: ${error.message}`);
      this.#fail(errorCode(error));
    });
    // Nothing but the grants decides where a tunnel or another protocol leads.
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      this.#fail({ tag: "HTTP-upgrade-failed" });
    });
    request.on("connect", (_response, socket) => {
      socket.destroy();
      this.#fail({ tag: "HTTP-upgrade-failed" });
    });
    request.on("response", (response) =>
      this.#receive(response, call.betweenBytesTimeoutMs ?? DEFAULT_TIMEOUT_MS),
    );
  }

  #receive(response: IncomingMessage, betweenBytesMs: number): void {
    const channel = this.#channel;
    this.#response = response;
    this.#limit(betweenBytesMs, "connection-read-timeout");
    this.#reply({
      type: "httpResponse",
      channel,
      status: response.statusCode ?? 0,
      headers: pairs(response.rawHeaders),
    });
    response.on("data", (chunk: Buffer) => {
      this.#limit(betweenBytesMs, "connection-read-timeout");
      this.#window -= chunk.length;
      if (this.#window <= 0) response.pause();
      this.#reply({ type: "data", channel, chunk: new Uint8Array(chunk) });
    });
    response.on("end", () => {
      clearTimeout(this.#timer);
      this.#reply({ type: "end", channel, trailers: pairs(response.rawTrailers) });
      this.#over = true;
    });
    response.on("error", (error: NodeJS.ErrnoException) => this.#fail(errorCode(error)));
  }

  #limit(milliseconds: number, tag: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#fail({ tag });
        this.#request?.destroy();
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    );
  }

  #fail(code: HttpErrorCode): void {
    clearTimeout(this.#timer);
    this.#reply({ type: "httpError", channel: this.#channel, code });
    this.#over = true;
  }

  #reply(message: Parameters<Context["reply"]>[0]): void {
    if (!this.#over) this.#context.reply(message);
  }
}

function pairs(raw: string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) list.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return list;
}
