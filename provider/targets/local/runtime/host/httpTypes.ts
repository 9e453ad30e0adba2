/** The messages of `wasi:http/types@0.2.x`. */
import type { HeaderList, HttpErrorCode, RequestHead } from "../messages.ts";
import { WitError } from "./errors.ts";
import { ChannelSink, ChannelSource } from "./flow.ts";
import { IncomingBody, OutgoingBody } from "./httpBodies.ts";
import { Fields } from "./httpFields.ts";
import { Pollable } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";

const METHODS = new Set(["get", "head", "post", "put", "delete", "connect", "options", "trace", "patch"]);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

type Tagged = { tag: string; val?: string };

function methodOf(name: string): Tagged {
  const tag = name.toLowerCase();
  return METHODS.has(tag) && name === name.toUpperCase() ? { tag } : { tag: "other", val: name };
}

export class IncomingRequest {
  readonly #mailbox: Mailbox;
  readonly #head: RequestHead;
  readonly #source: ChannelSource;
  readonly #fields: Fields;
  #consumed = false;
  constructor(mailbox: Mailbox, head: RequestHead, source: ChannelSource) {
    this.#mailbox = mailbox;
    this.#head = head;
    this.#source = source;
    this.#fields = Fields.received(head.headers);
  }
  method(): Tagged {
    return methodOf(this.#head.method);
  }
  pathWithQuery(): string {
    return this.#head.path;
  }
  scheme(): Tagged {
    return { tag: "HTTP" };
  }
  authority(): string | undefined {
    return this.#head.authority;
  }
  headers(): Fields {
    return this.#fields;
  }
  consume(): IncomingBody {
    if (this.#consumed) throw new WitError(undefined);
    this.#consumed = true;
    return new IncomingBody(this.#mailbox, this.#source);
  }
}

/** What a request is built from; read once, by `outgoing-handler.handle`. */
export interface RequestParts {
  method: string;
  scheme: Tagged | undefined;
  authority: string | undefined;
  path: string;
  headers: HeaderList;
  sink: ChannelSink;
}

export function outgoingRequestClass(mailbox: Mailbox) {
  return class OutgoingRequest {
    #method: Tagged = { tag: "get" };
    #path: string | undefined;
    #scheme: Tagged | undefined;
    #authority: string | undefined;
    readonly #fields: Fields;
    readonly #sink = new ChannelSink(mailbox);
    #bodyTaken = false;
    constructor(headers: Fields) {
      this.#fields = Fields.seal(headers);
    }
    static parts(request: OutgoingRequest): RequestParts {
      if (!request.#bodyTaken) request.#sink.end();
      return {
        method:
          request.#method.tag === "other" ? (request.#method.val ?? "") : request.#method.tag.toUpperCase(),
        scheme: request.#scheme,
        authority: request.#authority,
        path: request.#path ?? "/",
        headers: Fields.toList(request.#fields),
        sink: request.#sink,
      };
    }
    body(): OutgoingBody {
      if (this.#bodyTaken) throw new WitError(undefined);
      this.#bodyTaken = true;
      return new OutgoingBody(mailbox, this.#sink, Fields.contentLength(this.#fields), "request");
    }
    method(): Tagged {
      return this.#method;
    }
    setMethod(method: Tagged): void {
      if (method.tag === "other" && !TOKEN.test(method.val ?? "")) throw new WitError(undefined);
      this.#method = method;
    }
    pathWithQuery(): string | undefined {
      return this.#path;
    }
    setPathWithQuery(path: string | undefined): void {
      if (path !== undefined && !/^[/?*][\x21-\x7e]*$|^$/.test(path)) throw new WitError(undefined);
      this.#path = path === "" ? undefined : path;
    }
    scheme(): Tagged | undefined {
      return this.#scheme;
    }
    setScheme(scheme: Tagged | undefined): void {
      if (scheme?.tag === "other" && !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme.val ?? ""))
        throw new WitError(undefined);
      this.#scheme = scheme;
    }
    authority(): string | undefined {
      return this.#authority;
    }
    setAuthority(authority: string | undefined): void {
      if (authority !== undefined && !/^[\x21-\x7e]+$/.test(authority)) throw new WitError(undefined);
      this.#authority = authority;
    }
    headers(): Fields {
      return this.#fields;
    }
  };
}

export class RequestOptions {
  #connect: bigint | undefined;
  #firstByte: bigint | undefined;
  #betweenBytes: bigint | undefined;
  connectTimeout(): bigint | undefined {
    return this.#connect;
  }
  setConnectTimeout(duration: bigint | undefined): void {
    this.#connect = duration;
  }
  firstByteTimeout(): bigint | undefined {
    return this.#firstByte;
  }
  setFirstByteTimeout(duration: bigint | undefined): void {
    this.#firstByte = duration;
  }
  betweenBytesTimeout(): bigint | undefined {
    return this.#betweenBytes;
  }
  setBetweenBytesTimeout(duration: bigint | undefined): void {
    this.#betweenBytes = duration;
  }
}

export function outgoingResponseClass(mailbox: Mailbox) {
  return class OutgoingResponse {
    readonly #fields: Fields;
    readonly #sink = new ChannelSink(mailbox);
    #status = 200;
    #bodyTaken = false;
    constructor(headers: Fields) {
      this.#fields = Fields.seal(headers);
    }
    static parts(response: OutgoingResponse) {
      if (!response.#bodyTaken) response.#sink.end();
      return { status: response.#status, headers: Fields.toList(response.#fields), sink: response.#sink };
    }
    statusCode(): number {
      return this.#status;
    }
    setStatusCode(status: number): void {
      if (status < 200 || status > 599) throw new WitError(undefined);
      this.#status = status;
    }
    headers(): Fields {
      return this.#fields;
    }
    body(): OutgoingBody {
      if (this.#bodyTaken) throw new WitError(undefined);
      this.#bodyTaken = true;
      return new OutgoingBody(mailbox, this.#sink, Fields.contentLength(this.#fields), "response");
    }
  };
}

export class IncomingResponse {
  readonly #mailbox: Mailbox;
  readonly #status: number;
  readonly #fields: Fields;
  readonly #source: ChannelSource;
  #consumed = false;
  constructor(mailbox: Mailbox, status: number, headers: HeaderList, source: ChannelSource) {
    this.#mailbox = mailbox;
    this.#status = status;
    this.#fields = Fields.received(headers);
    this.#source = source;
  }
  status(): number {
    return this.#status;
  }
  headers(): Fields {
    return this.#fields;
  }
  consume(): IncomingBody {
    if (this.#consumed) throw new WitError(undefined);
    this.#consumed = true;
    return new IncomingBody(this.#mailbox, this.#source);
  }
}

type Outcome = { tag: "ok"; val: IncomingResponse } | { tag: "err"; val: HttpErrorCode };

export class FutureIncomingResponse {
  readonly #mailbox: Mailbox;
  readonly #channel: number;
  readonly #source: ChannelSource;
  #outcome: Outcome | undefined;
  #taken = false;
  constructor(mailbox: Mailbox, sink: ChannelSink) {
    this.#mailbox = mailbox;
    this.#channel = mailbox.open((message) => {
      switch (message.type) {
        case "httpResponse":
          this.#outcome = {
            tag: "ok",
            val: new IncomingResponse(mailbox, message.status, message.headers, this.#source),
          };
          break;
        case "httpError":
          this.#outcome ??= { tag: "err", val: message.code };
          this.#source.fail(message.code.tag, message.code);
          sink.fail(message.code.tag);
          break;
        case "data":
          this.#source.push(message.chunk);
          break;
        case "end":
          this.#source.end(message.trailers);
          break;
        case "credit":
          sink.credit(message.bytes);
          break;
      }
    });
    this.#source = new ChannelSource(mailbox, this.#channel);
  }
  get channel(): number {
    return this.#channel;
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => this.#outcome !== undefined);
  }
  get(): unknown {
    this.#mailbox.drain();
    if (this.#outcome === undefined) return undefined;
    if (this.#taken) return { tag: "err", val: undefined };
    this.#taken = true;
    return { tag: "ok", val: this.#outcome };
  }
  /** Before a response came, nobody can take it any more. */
  [Symbol.dispose](): void {
    if (this.#outcome === undefined) this.#mailbox.close(this.#channel);
  }
}
