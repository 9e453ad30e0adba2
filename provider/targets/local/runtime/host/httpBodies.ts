/** The bodies of `wasi:http/types@0.2.x`. */
import { WitError } from "./errors.ts";
import type { ChannelSink, ChannelSource } from "./flow.ts";
import { Fields } from "./httpFields.ts";
import { InputStream, OutputStream, Pollable } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";

export class FutureTrailers {
  readonly #mailbox: Mailbox;
  readonly #source: ChannelSource;
  #taken = false;
  constructor(mailbox: Mailbox, source: ChannelSource) {
    this.#mailbox = mailbox;
    this.#source = source;
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => this.#source.finished);
  }
  get(): unknown {
    this.#mailbox.drain();
    if (!this.#source.finished) return undefined;
    if (this.#taken) return { tag: "err", val: undefined };
    this.#taken = true;
    const { failure, trailers } = this.#source;
    if (failure) return { tag: "ok", val: { tag: "err", val: failure.code ?? { tag: "internal-error" } } };
    return {
      tag: "ok",
      val: { tag: "ok", val: trailers && trailers.length > 0 ? Fields.received(trailers) : undefined },
    };
  }
}

export class IncomingBody {
  readonly #mailbox: Mailbox;
  readonly #source: ChannelSource;
  #streamTaken = false;
  constructor(mailbox: Mailbox, source: ChannelSource) {
    this.#mailbox = mailbox;
    this.#source = source;
  }
  stream(): InputStream {
    if (this.#streamTaken) throw new WitError(undefined);
    this.#streamTaken = true;
    return new InputStream(this.#mailbox, this.#source);
  }
  static finish(body: IncomingBody): FutureTrailers {
    return new FutureTrailers(body.#mailbox, body.#source);
  }
}

export class OutgoingBody {
  readonly #mailbox: Mailbox;
  readonly #sink: ChannelSink;
  readonly #declared: number | undefined;
  readonly #kind: "request" | "response";
  #streamTaken = false;
  #finished = false;
  constructor(
    mailbox: Mailbox,
    sink: ChannelSink,
    declared: number | undefined,
    kind: "request" | "response",
  ) {
    this.#mailbox = mailbox;
    this.#sink = sink;
    this.#declared = declared;
    this.#kind = kind;
  }
  write(): OutputStream {
    if (this.#streamTaken) throw new WitError(undefined);
    this.#streamTaken = true;
    return new OutputStream(this.#mailbox, this.#sink);
  }
  static finish(body: OutgoingBody, trailers: Fields | undefined): void {
    body.#finished = true;
    const { written } = body.#sink;
    if (body.#declared !== undefined && body.#declared !== written) {
      body.#sink.abort(`the body has ${written} bytes and declares ${body.#declared}`);
      throw new WitError({ tag: `HTTP-${body.#kind}-body-size`, val: BigInt(written) });
    }
    body.#sink.end(trailers && Fields.toList(trailers));
  }
  /** Dropped without `finish`: the peer must not take it for whole. */
  [Symbol.dispose](): void {
    if (!this.#finished) this.#sink.abort("the guest dropped the body before its end");
  }
}
