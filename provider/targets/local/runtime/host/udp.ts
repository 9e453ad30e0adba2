/** `wasi:sockets/udp@0.2.x`. Each datagram's address is held against the grants, outward and inward. */
import type { FromWorker, SocketAddress } from "../messages.ts";
import { fromWit, toWit, type WitSocketAddress } from "./addresses.ts";
import { WitError } from "./errors.ts";
import { Pollable } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { SocketOptions } from "./socketOptions.ts";
import { checkBind, checkRemote } from "./tcp.ts";

interface Received {
  data: Uint8Array;
  remoteAddress: WitSocketAddress;
}

/** How many datagrams a guest may hand over at once. */
const PERMIT = 64n;

/** The socket in the guest host, and what has come from it. */
class Line {
  readonly #mailbox: Mailbox;
  readonly channel: number;
  readonly family: 4 | 6;
  readonly received: Received[] = [];
  local: SocketAddress | undefined;
  remote: SocketAddress | undefined;
  #answer: { error: string | undefined } | undefined;

  constructor(mailbox: Mailbox, family: 4 | 6) {
    this.#mailbox = mailbox;
    this.family = family;
    this.channel = mailbox.open((message) => {
      if (message.type === "datagram") {
        this.received.push({ data: message.data, remoteAddress: toWit(message.remote) });
      } else if (message.type === "connected") {
        this.local = message.local;
        this.#answer = { error: undefined };
      } else if (message.type === "done") {
        this.#answer = { error: undefined };
      } else if (message.type === "socketError") {
        this.#answer = { error: message.code };
      }
    });
  }

  /** Sends a message and waits for what came of it; throws the socket's error code. */
  ask(message: FromWorker): void {
    this.#answer = undefined;
    this.#mailbox.send(message);
    this.#mailbox.wait(() => this.#answer !== undefined);
    const { error } = this.#answer ?? { error: "unknown" };
    if (error !== undefined) throw new WitError(error);
  }

  take(max: bigint): Received[] {
    this.#mailbox.drain();
    const taken = this.received.splice(0, max > 1024n ? 1024 : Number(max));
    const bytes = taken.reduce((sum, { data }) => sum + data.length, 0);
    if (bytes > 0) this.#mailbox.send({ type: "credit", channel: this.channel, bytes });
    return taken;
  }

  pollable(isReady: () => boolean): Pollable {
    return new Pollable(this.#mailbox, isReady);
  }

  close(): void {
    this.#mailbox.close(this.channel);
  }
}

export class IncomingDatagramStream {
  readonly #line: Line;
  constructor(line: Line) {
    this.#line = line;
  }
  receive(max: bigint): Received[] {
    return this.#line.take(max);
  }
  subscribe(): Pollable {
    return this.#line.pollable(() => this.#line.received.length > 0);
  }
}

export class OutgoingDatagramStream {
  readonly #line: Line;
  constructor(line: Line) {
    this.#line = line;
  }
  checkSend(): bigint {
    return PERMIT;
  }
  send(datagrams: { data: Uint8Array; remoteAddress?: WitSocketAddress }[]): bigint {
    if (BigInt(datagrams.length) > PERMIT) throw new Error("the guest sent more than check-send allowed");
    let sent = 0n;
    for (const { data, remoteAddress } of datagrams) {
      try {
        this.#send(data, remoteAddress);
      } catch (error) {
        // The first error is told; later ones by the next call, as the interface says.
        if (sent === 0n) throw error;
        break;
      }
      sent++;
    }
    return sent;
  }
  subscribe(): Pollable {
    return this.#line.pollable(() => true);
  }

  #send(data: Uint8Array, given: WitSocketAddress | undefined): void {
    const { channel, family, remote: connected } = this.#line;
    const named = given && checkRemote(fromWit(given), family);
    const remote = named ?? connected;
    if (!remote) throw new WitError("invalid-argument");
    if (connected && (remote.address !== connected.address || remote.port !== connected.port)) {
      throw new WitError("invalid-argument");
    }
    this.#line.ask({ type: "datagram", channel, data: data.slice(), remote });
  }
}

export class UdpSocket extends SocketOptions {
  readonly #mailbox: Mailbox;
  readonly #family: 4 | 6;
  #line: Line | undefined;
  #bindStarted = false;

  constructor(mailbox: Mailbox, family: 4 | 6) {
    super();
    this.#mailbox = mailbox;
    this.#family = family;
  }

  startBind(_network: object, address: WitSocketAddress): void {
    if (this.#bindStarted) throw new WitError("invalid-state");
    checkBind(fromWit(address), this.#family);
    this.#bindStarted = true;
  }
  finishBind(): void {
    if (!this.#bindStarted || this.#line) throw new WitError("not-in-progress");
    const line = new Line(this.#mailbox, this.#family);
    line.ask({ type: "udp", channel: line.channel, family: this.#family });
    this.#line = line;
  }
  stream(address: WitSocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream] {
    const line = this.#bound();
    const remote = address && checkRemote(fromWit(address), this.#family);
    line.ask({ type: "udpConnect", channel: line.channel, remote });
    line.remote = remote;
    return [new IncomingDatagramStream(line), new OutgoingDatagramStream(line)];
  }
  localAddress(): WitSocketAddress {
    const { local } = this.#bound();
    if (!local) throw new WitError("invalid-state");
    return toWit(local);
  }
  remoteAddress(): WitSocketAddress {
    const { remote } = this.#bound();
    if (!remote) throw new WitError("invalid-state");
    return toWit(remote);
  }
  addressFamily(): string {
    return this.#family === 4 ? "ipv4" : "ipv6";
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => true);
  }
  [Symbol.dispose](): void {
    this.#line?.close();
  }

  #bound(): Line {
    if (!this.#line) throw new WitError("invalid-state");
    return this.#line;
  }
}
