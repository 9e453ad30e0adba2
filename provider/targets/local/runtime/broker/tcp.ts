/** One TCP connection of a guest. */
import { connect, type Socket } from "node:net";
import { type Flow, type Outward, type SocketAddress, WINDOW } from "../messages.ts";
import { grantedSocket } from "../policy.ts";
import type { Context, Endpoint } from "./broker.ts";
import { socketErrorCode } from "./socketErrors.ts";

export class TcpConnection implements Endpoint {
  readonly #channel: number;
  readonly #context: Context;
  #socket: Socket | undefined;
  #window = WINDOW;
  #connected = false;

  constructor(channel: number, remote: SocketAddress, context: Context) {
    this.#channel = channel;
    this.#context = context;
    const { rules, names, reply } = context;
    const returned = (name: string, address: string) => names.returned(name, address);
    if (!grantedSocket(rules.sockets, "tcp", remote, returned)) {
      reply({ type: "socketError", channel, code: "access-denied" });
      return;
    }
    const { address: host, port, family } = remote;
    this.#socket = connect({ host, port, family, allowHalfOpen: true, autoSelectFamily: false });
    this.#listen(this.#socket, remote);
  }

  take(message: Flow | Outward): void {
    if (message.type === "data") {
      const { length } = message.chunk;
      this.#socket?.write(message.chunk, (error) => {
        if (!error) this.#context.reply({ type: "credit", channel: this.#channel, bytes: length });
      });
    } else if (message.type === "end") {
      this.#socket?.end();
    } else if (message.type === "abort") {
      this.#socket?.destroy();
    } else if (message.type === "credit") {
      this.#window += message.bytes;
      if (this.#window > 0) this.#socket?.resume();
    }
  }

  close(): void {
    // What was written is still sent; nobody reads any more.
    this.#socket?.removeAllListeners("data").resume().end();
    this.#socket?.setTimeout(10_000, () => this.#socket?.destroy());
  }

  #listen(socket: Socket, remote: SocketAddress): void {
    const channel = this.#channel;
    const { reply } = this.#context;
    socket.on("connect", () => {
      this.#connected = true;
      const { localAddress = "", localPort = 0 } = socket;
      reply({
        type: "connected",
        channel,
        local: { family: remote.family, address: localAddress, port: localPort },
        remote,
      });
    });
    socket.on("data", (chunk: Buffer) => {
      this.#window -= chunk.length;
      if (this.#window <= 0) socket.pause();
      reply({ type: "data", channel, chunk: new Uint8Array(chunk) });
    });
    socket.on("end", () => reply({ type: "end", channel }));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const code = socketErrorCode(error);
      if (this.#connected) reply({ type: "abort", channel, reason: code });
      else reply({ type: "socketError", channel, code });
    });
  }
}
