/** `wasi:sockets/tcp@0.2.x`: connections outward. No grant lets a guest listen. */
import type { SocketAddress } from "../messages.ts";
import { fromWit, isUnicast, isUnspecified, toWit, type WitSocketAddress } from "./addresses.ts";
import { WitError } from "./errors.ts";
import { ChannelSink, ChannelSource } from "./flow.ts";
import { InputStream, OutputStream, Pollable } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { TcpOptions } from "./socketOptions.ts";

interface Connection {
  channel: number;
  source: ChannelSource;
  sink: ChannelSink;
  local: SocketAddress | undefined;
  remote: SocketAddress;
  error: string | undefined;
}

/** Only what the system would choose anyway. */
export function checkBind(address: SocketAddress, family: 4 | 6): void {
  if (address.family !== family) throw new WitError("invalid-argument");
  if (!isUnspecified(address) || address.port !== 0) throw new WitError("access-denied");
}

export function checkRemote(address: SocketAddress, family: 4 | 6): SocketAddress {
  const isSound =
    address.family === family && address.port !== 0 && !isUnspecified(address) && isUnicast(address);
  if (!isSound) throw new WitError("invalid-argument");
  return address;
}

export class TcpSocket extends TcpOptions {
  readonly #mailbox: Mailbox;
  readonly #family: 4 | 6;
  #binding = false;
  #bound = false;
  #connection: Connection | undefined;
  #connected = false;

  constructor(mailbox: Mailbox, family: 4 | 6) {
    super();
    this.#mailbox = mailbox;
    this.#family = family;
  }

  startBind(_network: object, address: WitSocketAddress): void {
    if (this.#binding || this.#bound || this.#connection) throw new WitError("invalid-state");
    checkBind(fromWit(address), this.#family);
    this.#binding = true;
  }
  finishBind(): void {
    if (!this.#binding) throw new WitError("not-in-progress");
    this.#binding = false;
    this.#bound = true;
  }

  startConnect(_network: object, address: WitSocketAddress): void {
    if (this.#binding || this.#connection) throw new WitError("invalid-state");
    const remote = checkRemote(fromWit(address), this.#family);
    const mailbox = this.#mailbox;
    const channel = mailbox.open((message) => {
      if (message.type === "connected") connection.local = message.local;
      else if (message.type === "socketError") connection.error = message.code;
      else if (message.type === "data") connection.source.push(message.chunk);
      else if (message.type === "end") connection.source.end();
      else if (message.type === "credit") connection.sink.credit(message.bytes);
      else if (message.type === "abort") {
        connection.source.fail(message.reason);
        connection.sink.fail(message.reason);
      }
    });
    const source = new ChannelSource(mailbox, channel);
    const sink = new ChannelSink(mailbox, channel);
    const connection: Connection = { channel, source, sink, local: undefined, remote, error: undefined };
    this.#connection = connection;
    mailbox.send({ type: "tcp", channel, remote });
    mailbox.flush();
  }
  finishConnect(): [InputStream, OutputStream] {
    const connection = this.#connection;
    if (!connection || this.#connected) throw new WitError("not-in-progress");
    this.#mailbox.drain();
    if (connection.error !== undefined) throw new WitError(connection.error);
    if (!connection.local) throw new WitError("would-block");
    this.#connected = true;
    return [
      new InputStream(this.#mailbox, connection.source),
      new OutputStream(this.#mailbox, connection.sink),
    ];
  }

  startListen(): void {
    throw new WitError("access-denied");
  }
  finishListen(): void {
    throw new WitError("not-in-progress");
  }
  accept(): void {
    throw new WitError("invalid-state");
  }
  isListening(): boolean {
    return false;
  }

  localAddress(): WitSocketAddress {
    const local = this.#connection?.local;
    if (local) return toWit(local);
    if (this.#bound)
      return toWit({ family: this.#family, address: this.#family === 4 ? "0.0.0.0" : "::", port: 0 });
    throw new WitError("invalid-state");
  }
  remoteAddress(): WitSocketAddress {
    if (!this.#connected || !this.#connection) throw new WitError("invalid-state");
    return toWit(this.#connection.remote);
  }
  addressFamily(): string {
    return this.#family === 4 ? "ipv4" : "ipv6";
  }

  subscribe(): Pollable {
    const settled = () => {
      const connection = this.#connection;
      return !connection || connection.local !== undefined || connection.error !== undefined;
    };
    return new Pollable(this.#mailbox, settled);
  }
  shutdown(how: "receive" | "send" | "both"): void {
    if (!this.#connected || !this.#connection) throw new WitError("invalid-state");
    if (how !== "receive") this.#connection.sink.end();
    if (how !== "send") this.#connection.source.end();
    this.#mailbox.flush();
  }
  [Symbol.dispose](): void {
    if (this.#connection) this.#mailbox.close(this.#connection.channel);
  }
}
