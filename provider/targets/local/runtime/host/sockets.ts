/** `wasi:sockets@0.2.x`. What is granted is decided by the guest host, where the sockets are. */
import { ipToWit, type WitIpAddress } from "./addresses.ts";
import { WitError } from "./errors.ts";
import { Pollable } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";
import { TcpSocket } from "./tcp.ts";
import { IncomingDatagramStream, OutgoingDatagramStream, UdpSocket } from "./udp.ts";

class Network {}

class ResolveAddressStream {
  readonly #mailbox: Mailbox;
  #addresses: WitIpAddress[] | undefined;
  #error: string | undefined;
  constructor(mailbox: Mailbox, name: string) {
    this.#mailbox = mailbox;
    const channel = mailbox.open((message) => {
      if (message.type === "addresses") this.#addresses = message.addresses.map(ipToWit);
      else if (message.type === "socketError") this.#error = message.code;
    });
    mailbox.send({ type: "lookup", channel, name });
    mailbox.flush();
  }
  resolveNextAddress(): WitIpAddress | undefined {
    this.#mailbox.drain();
    if (this.#error !== undefined) throw new WitError(this.#error);
    if (!this.#addresses) throw new WitError("would-block");
    return this.#addresses.shift();
  }
  subscribe(): Pollable {
    return new Pollable(this.#mailbox, () => this.#addresses !== undefined || this.#error !== undefined);
  }
}

const network = new Network();
const familyOf = (name: "ipv4" | "ipv6") => (name === "ipv4" ? 4 : 6);

export function socketInterfaces(mailbox: Mailbox) {
  return {
    "wasi:sockets/network": { Network, networkErrorCode: () => undefined },
    "wasi:sockets/instance-network": { instanceNetwork: () => network },
    "wasi:sockets/ip-name-lookup": {
      ResolveAddressStream,
      resolveAddresses: (_network: object, name: string) => new ResolveAddressStream(mailbox, name),
    },
    "wasi:sockets/tcp": { TcpSocket },
    "wasi:sockets/tcp-create-socket": {
      createTcpSocket: (family: "ipv4" | "ipv6") => new TcpSocket(mailbox, familyOf(family)),
    },
    "wasi:sockets/udp": { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    "wasi:sockets/udp-create-socket": {
      createUdpSocket: (family: "ipv4" | "ipv6") => new UdpSocket(mailbox, familyOf(family)),
    },
  };
}
