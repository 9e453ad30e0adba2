import type { Attack, Family } from "./attack.ts";

const refused = "error access-denied";
const asking = (get: string) => ({ get });

const works = (
  name: string,
  get: string,
  answer: string,
  reaches: string[],
  more: Partial<Attack> = {},
): Attack => {
  return { name, ask: asking(get), answer, reaches, ...more };
};
const denied = (name: string, get: string, more: Partial<Attack> = {}): Attack => {
  return { name, ask: asking(get), answer: refused, ...more };
};
/** The runtimes refuse it as well. */
const noAddress = (name: string, get: string, answer = "connect: error invalid-argument"): Attack => {
  return { name, ask: asking(get), answer, unsealed: { wasmtime: "error", local: "error" } };
};

const alsoLocally = { unsealed: { local: refused } };

const addresses: Attack[] = [
  works(
    "a connection to the granted address",
    "/tcp?addr=127.0.0.1&port={tcp}&send=knock",
    "exchange: ok knock",
    ["tcp"],
  ),
  works("a connection to an address of the network", "/tcp?addr=127.0.0.2&port={tcp2}", "connect: ok", [
    "tcp2, elsewhere",
  ]),
  denied("a port that is granted elsewhere", "/tcp?addr=127.0.0.1&port={tcp2}"),
  denied(
    "a datagram to a port that is granted for TCP",
    "/udp?addr=127.0.0.1&port={tcp2}&to=127.0.0.1:{udp2}",
  ),
  denied("a port that is granted at another address", "/tcp?addr=127.0.0.2&port={tcp}"),
  denied("the machine's address in IPv6", "/tcp?addr=::1&port={tcp}"),
  noAddress("the address in IPv6 form", "/tcp?addr=::ffff:127.0.0.1&port={tcp}"),
  noAddress("another address in IPv6 form", "/tcp?addr=::ffff:127.0.0.2&port={tcp}", refused),
  noAddress("the address within IPv6", "/tcp?addr=::127.0.0.1&port={tcp}", refused),
  noAddress("the address that nobody has", "/tcp?addr=0.0.0.0&port={tcp}"),
  noAddress("the IPv6 address that nobody has", "/tcp?addr=::&port={tcp}"),
  noAddress("everybody's address", "/tcp?addr=255.255.255.255&port={tcp}"),
  denied("a look-up", "/resolve?name=localhost"),
  denied("a connection by name", "/tcp?name=localhost&port={tcp}"),
  denied("to listen", "/listen?addr=0.0.0.0&port=0", alsoLocally),
  denied("to listen on a granted address", "/listen?addr=127.0.0.1&port=0", alsoLocally),
  works(
    "a datagram to the granted address",
    "/udp?addr=127.0.0.1&port={udp}&receive=5000",
    "receive: ok echo ping",
    ["udp"],
  ),
  denied("a datagram to another port", "/udp?addr=127.0.0.1&port={udp2}"),
  denied("a datagram to another address", "/udp?addr=127.0.0.2&port={udp}"),
  works(
    "a datagram to another port on the same socket",
    "/udp?addr=127.0.0.1&port={udp}&to=127.0.0.1:{udp2}&to=127.0.0.2:{udp}",
    refused,
    ["udp"],
  ),
  works(
    "a datagram to another port on a connected socket",
    "/udp?addr=127.0.0.1&port={udp}&connect&to=127.0.0.1:{udp2}",
    "send: error",
    ["udp"],
  ),
  denied("a socket that is connected to another port", "/udp?addr=127.0.0.1&port={udp2}&connect"),
  works(
    "a socket that is connected anew",
    "/udp?addr=127.0.0.1&port={udp}&connect&reconnect=127.0.0.1:{udp2}",
    "stream: error access-denied",
    ["udp"],
  ),
];

const name: Attack[] = [
  works("a connection by the granted name", "/tcp?name=localhost&port={tcp}", "connect: ok", [
    "a look-up",
    "tcp",
  ]),
  works("the name in capitals", "/tcp?name=LOCALHOST&port={tcp}", "connect: ok", ["a look-up", "tcp"]),
  denied("the name's address without a look-up", "/tcp?addr=127.0.0.1&port={tcp}"),
  denied("another address without a look-up", "/tcp?addr=127.0.0.2&port={tcp}"),
  works("another port of the name", "/tcp?name=localhost&port={tcp2}", refused, ["a look-up"]),
  denied("a datagram to the name's address", "/udp?addr=127.0.0.1&port={udp}"),
  denied("an address for a name", "/tcp?name=127.0.0.1&port={tcp}", alsoLocally),
  denied("an IPv6 address for a name", "/tcp?name=::1&port={tcp}", {
    unsealed: { local: "error invalid-argument" },
  }),
  denied("an address in octal for a name", "/tcp?name=0177.0.0.1&port={tcp}", alsoLocally),
  denied("a number for a name", "/tcp?name=2130706433&port={tcp}", alsoLocally),
  denied("another name of the machine", "/tcp?name=127.1&port={tcp}", alsoLocally),
];

const rebound = (name: string) => `/tcp?name=${name}&port={tcp}`;

const names: Attack[] = [
  {
    name: "a public name that its owner leads to this machine",
    ask: asking(rebound("db.example.com")),
    answer: "resolve: ok",
  },
  {
    name: "another public name that is led to this machine",
    ask: asking(rebound("web.example.com")),
    answer: "resolve: ok",
  },
  works("a connection by a name of this network", rebound("db.corp.internal"), "connect: ok", [
    "a look-up",
    "tcp",
    "tcp, elsewhere",
  ]),
  works("a connection by another name of this network", rebound("web.corp.internal"), refused, ["a look-up"]),
  denied("a look-up of another zone", rebound("db.example.org")),
];

const main = "sockets";
const socket = (protocol: string, host: string, port: string) => ({ protocol, host, ports: [port] });
const granted = (sockets: object[], nameLookup: string[] = []) => ({
  modules: { main },
  grants: { main: { sockets, nameLookup } },
});

export const socketAttacks: Family = {
  title: "Sockets and look-ups",
  worlds: {
    "addresses and a network": {
      ...granted([
        socket("tcp", "127.0.0.1", "{tcp}"),
        socket("tcp", "127.0.0.2/31", "{tcp2}"),
        socket("udp", "127.0.0.1", "{udp}"),
      ]),
      attacks: addresses,
    },
    "a name": { ...granted([socket("tcp", "localhost", "{tcp}")], ["localhost"]), attacks: name },
    "a look-up": {
      ...granted([], ["localhost"]),
      attacks: [
        works("a connection to what it returned", "/tcp?name=localhost&port={tcp}", refused, ["a look-up"]),
        denied("a connection", "/tcp?addr=127.0.0.1&port={tcp}"),
      ],
    },
    "a name of public DNS and one of this network": {
      ...granted(
        [socket("tcp", "db.example.com", "{tcp}"), socket("tcp", "db.corp.internal", "{tcp}")],
        ["*.example.com", "*.corp.internal"],
      ),
      // Answers every look-up with addresses of this machine.
      host: "resolver",
      attacks: names,
    },
    nothing: {
      modules: { main },
      attacks: [
        denied("a connection", "/tcp?addr=127.0.0.1&port={tcp}"),
        denied("a datagram", "/udp?addr=127.0.0.1&port={udp}"),
        denied("a look-up", "/resolve?name=localhost"),
        denied("to listen", "/listen?addr=127.0.0.1&port=0", alsoLocally),
      ],
    },
  },
};
