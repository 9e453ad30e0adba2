/** One UDP socket of a guest. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { type Flow, type Outward, type SocketAddress, WINDOW } from "../messages.ts";
import { grantedSocket } from "../policy.ts";
import type { Context, Endpoint } from "./broker.ts";
import { socketErrorCode } from "./socketErrors.ts";

export class UdpSocket implements Endpoint {
  readonly #channel: number;
  readonly #context: Context;
  readonly #family: 4 | 6;
  readonly #socket: Socket;
  #remote: SocketAddress | undefined;
  #window = WINDOW;
  #open = true;

  constructor(channel: number, family: 4 | 6, context: Context) {
    this.#channel = channel;
    this.#context = context;
    this.#family = family;
    this.#socket = createSocket({ type: family === 4 ? "udp4" : "udp6", ipv6Only: family === 6 });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#fail(socketErrorCode(error)));
    this.#socket.on("message", (data, from) => this.#receive(data, from));
    // Without any grant for datagrams nothing is bound.
    if (!context.rules.sockets.some(({ protocol }) => protocol === "udp")) {
      this.#fail("access-denied");
      return;
    }
    this.#socket.bind(0, () => {
      const { address, port } = this.#socket.address();
      context.reply({ type: "connected", channel, local: { family, address, port } });
    });
  }

  take(message: Flow | Outward): void {
    if (message.type === "datagram") {
      this.#send(message.data, message.remote);
    } else if (message.type === "udpConnect") {
      if (message.remote && !this.#granted(message.remote)) {
        this.#fail("access-denied");
        return;
      }
      this.#remote = message.remote;
      this.#context.reply({ type: "done", channel: this.#channel });
    } else if (message.type === "credit") {
      this.#window += message.bytes;
    }
  }

  close(): void {
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  #send(data: Uint8Array, remote: SocketAddress): void {
    if (!this.#granted(remote)) {
      this.#fail("access-denied");
      return;
    }
    this.#socket.send(data, remote.port, remote.address, (error) => {
      if (error) this.#fail(socketErrorCode(error));
      else this.#context.reply({ type: "done", channel: this.#channel });
    });
  }

  #receive(data: Buffer, from: RemoteInfo): void {
    const remote: SocketAddress = {
      family: this.#family,
      address: from.address.replace(/%.*$/, ""),
      port: from.port,
    };
    const peer = this.#remote;
    if (peer && (peer.address !== remote.address || peer.port !== remote.port)) return;
    // Datagrams may be lost: those that nobody may send, and those that the guest leaves lying.
    if (!this.#granted(remote) || this.#window < data.length) return;
    this.#window -= data.length;
    this.#context.reply({ type: "datagram", channel: this.#channel, data: new Uint8Array(data), remote });
  }

  #granted(remote: SocketAddress): boolean {
    const { rules, names } = this.#context;
    return grantedSocket(rules.sockets, "udp", remote, (name, address) => names.returned(name, address));
  }

  #fail(code: string): void {
    this.#context.reply({ type: "socketError", channel: this.#channel, code });
  }
}
