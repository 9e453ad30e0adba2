/**
 * The guard of sockets and look-ups, in real Wasmtime with the whole network open: a guest behind it tries what it was and
 * what it was not granted, against servers on loopback.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Workshop } from "../unit/composeSetup.ts";
import { resolver } from "./resolver.ts";
import { rulesComponent, textComponent } from "./rulesComponent.ts";
import { type Ask, served, tcpEcho, udpEcho, udpSocket, usePorts, wasmtime } from "./socketSupport.ts";

usePorts(21_300);
const shop = await Workshop.open();
const committed = (path: string) => readFile(join(import.meta.dirname, "../..", path));

const wac = (resolving: string) => `package test:guarded;
let rules = new module:rules {};
${resolving && "let resolver = new module:resolver { ... };"}
let guard = new module:guard { ...rules, ${resolving} ... };
let guest = new module:guest { ...guard, ... };
export guest["wasi:http/incoming-handler@0.2.0"];`;

/** Serves the guest behind a guard with these rules. @returns what asks it */
async function guarded(rules: readonly string[] | Uint8Array, names?: Uint8Array): Promise<Ask> {
  const parts = {
    rules: rules instanceof Uint8Array ? rules : await rulesComponent(rules),
    guard: await committed("composer/guards/sockets.wasm"),
    guest: await committed("test/fixtures/guests/sockets.wasm"),
    ...(names && { resolver: names }),
  };
  const added = Object.entries(parts).map(async ([name, bytes]) => [name, await shop.add(bytes)] as const);
  const { artifact } = await shop.composer.compose({
    modules: Object.fromEntries(await Promise.all(added)),
    wac: wac(names ? "...resolver," : ""),
  });
  return served(shop.store.path(await shop.composer.ensure(artifact)));
}

const socketRule = (protocol: "tcp" | "udp", host: string, port: number) =>
  `sockets\t${protocol}\t${host}\t${port}-${port}`;
const lookup = (name: string) => `nameLookup\t${name}`;

describe.skipIf(!wasmtime)("connections", () => {
  test.each(["127.0.0.1", "127.0.0.0/8"])("to %s carry bytes both ways", async (host) => {
    const { port } = await tcpEcho();
    const ask = await guarded([socketRule("tcp", host, port)]);
    expect(await ask(`/tcp?addr=127.0.0.1&port=${port}&send=hello`)).toBe(
      "parse: ok\ncreate: ok\nconnect: ok\nexchange: ok hello\n",
    );
  });

  test("to what is not granted are denied, and nobody is reached", async () => {
    const [one, two] = [await tcpEcho(), await tcpEcho()];
    const ask = await guarded([
      socketRule("tcp", "127.0.0.1", one.port),
      socketRule("udp", "127.0.0.1", two.port),
    ]);
    for (const [address, port] of [
      ["127.0.0.1", two.port],
      ["127.0.0.2", one.port],
      ["127.255.255.255", one.port],
      ["::1", one.port],
      ["::127.0.0.1", one.port],
      ["::ffff:127.0.0.2", one.port],
      ["64:ff9b::7f00:1", one.port],
    ] as const) {
      expect(await ask(`/tcp?addr=${address}&port=${port}`), address).toContain(
        "connect: error access-denied\n",
      );
    }
    expect([one.connections(), two.connections()]).toEqual([0, 0]);
  });

  test("to IPv4 addresses are granted by IPv4 networks, never by IPv6 ones that hold their IPv6 form", async () => {
    const { port, connections } = await tcpEcho();
    const mapped = ["::/8", "::ffff:0:0/96", "::ffff:7f00:0/104", "::ffff:7f00:1"];
    const ask = await guarded(mapped.map((host) => socketRule("tcp", host, port)));
    for (const address of ["127.0.0.1", "::ffff:127.0.0.1"]) {
      expect(await ask(`/tcp?addr=${address}&port=${port}`), address).toContain(
        "connect: error access-denied\n",
      );
    }
    expect(connections()).toBe(0);
  });

  test("to an address that no machine has are errors, whatever is granted", async () => {
    const { port, connections } = await tcpEcho();
    const all = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"].map(
      (host) => `sockets\ttcp\t${host}\t1-65535`,
    );
    const ask = await guarded(all);
    for (const address of ["0.0.0.0", "::", "::ffff:0.0.0.0", "255.255.255.255", "224.0.0.1", "ff02::1"]) {
      expect(await ask(`/tcp?addr=${address}&port=${port}`), address).toContain(
        "connect: error invalid-argument\n",
      );
    }
    expect(await ask("/tcp?addr=127.0.0.1&port=0")).toContain("connect: error invalid-argument\n");
    expect(connections()).toBe(0);
    expect(await ask(`/tcp?addr=127.0.0.1&port=${port}`)).toContain("connect: ok\n");
  });

  test("inward are denied", async () => {
    const ask = await guarded(["sockets\ttcp\t127.0.0.1\t1-65535", "sockets\ttcp\t0.0.0.0/1\t1-65535"]);
    expect(await ask("/listen?addr=0.0.0.0&port=0")).toBe(
      "parse: ok\ncreate: ok\nbind: ok\nlisten: error access-denied\n",
    );
    expect(await ask("/listen?addr=127.0.0.1&port=0")).toContain("bind: error access-denied\n");
    expect(await ask("/listen?addr=0.0.0.0&port=8081")).toContain("bind: error access-denied\n");
  });
});

describe.skipIf(!wasmtime)("without a grant", () => {
  const other = () => textComponent("pulumi-wasm rules 2\tmain\nsockets\ttcp\t127.0.0.0/8\t1-65535\n");

  test.each([
    ["no rules", async () => []],
    ["rules of a format that is not known", other],
    [
      "rules that are not canonical",
      async () => ["sockets\ttcp\t127.1\t1-65535", "sockets\ttcp\t127.0.0.1\t*"],
    ],
  ] as const)("nothing is made: %s", async (_what, rules) => {
    const { port, connections } = await tcpEcho();
    const ask = await guarded(await rules());
    expect(await ask(`/tcp?addr=127.0.0.1&port=${port}`)).toContain("create: error access-denied\n");
    expect(await ask(`/udp?addr=127.0.0.1&port=${port}`)).toContain("create: error access-denied\n");
    expect(await ask("/resolve?name=localhost")).toBe("resolve: error access-denied\n");
    expect(connections()).toBe(0);
  });

  test("for datagrams there is no socket for them, and for connections none", async () => {
    const ask = await guarded([socketRule("tcp", "127.0.0.1", 1)]);
    expect(await ask("/udp?addr=127.0.0.1&port=1")).toContain("create: error access-denied\n");
    expect(await ask("/tcp?addr=127.0.0.1&port=1")).toContain("connect: error connection-refused\n");
  });
});

describe.skipIf(!wasmtime)("datagrams", () => {
  test("are held against the grants, each by its address", async () => {
    const [one, two] = [await udpEcho(), await udpEcho()];
    const ask = await guarded([socketRule("udp", "127.0.0.1", one.port)]);
    const targets = `to=127.0.0.1:${two.port}&to=127.0.0.2:${one.port}&to=127.0.0.1:${one.port}`;
    expect(await ask(`/udp?addr=127.0.0.1&port=${one.port}&${targets}&receive=5000`)).toBe(
      [
        ...["parse: ok", "create: ok", "bind: ok", "stream: ok", "send: ok"],
        ...["parse: ok", "send: error access-denied", "parse: ok", "send: error access-denied"],
        ...["parse: ok", "send: ok", "receive: ok echo ping", ""],
      ].join("\n"),
    );
    expect(two.received).toEqual([]);
  });

  test("of a connected socket go where it was allowed to connect, and nowhere else", async () => {
    const [one, two] = [await udpEcho(), await udpEcho()];
    const ask = await guarded([socketRule("udp", "127.0.0.1", one.port)]);
    const connected = `/udp?addr=127.0.0.1&port=${one.port}&connect`;
    expect(await ask(`${connected}&receive=5000`)).toContain("receive: ok echo ping\n");
    expect(await ask(`${connected}&to=127.0.0.1:${two.port}`)).toContain(
      "send: ok\nparse: ok\nsend: error access-denied\n",
    );
    expect(await ask(`${connected}&reconnect=127.0.0.1:${two.port}`)).toContain(
      "stream: error access-denied\n",
    );
    expect(await ask(`/udp?addr=127.0.0.1&port=${two.port}&connect`)).toContain(
      "stream: error access-denied\n",
    );
    expect(two.received).toEqual([]);
  });
});

describe.skipIf(!wasmtime)("datagrams that come in", () => {
  const unasked = (port: number) => `/udp?addr=127.0.0.1&port=${port}&receive=5000`;

  test("pass from granted peers only, by port and protocol", async () => {
    const stranger = await udpSocket();
    const peer = await udpEcho([stranger]);
    const toPeer = socketRule("udp", "127.0.0.1", peer.port);
    const toStranger = (protocol: "tcp" | "udp") =>
      socketRule(protocol, "127.0.0.1", stranger.address().port);
    const dropping = await guarded([toPeer, toStranger("tcp")]);
    expect(await dropping(unasked(peer.port))).toContain("receive: ok echo ping\n");
    const passing = await guarded([toPeer, toStranger("udp")]);
    expect(await passing(unasked(peer.port))).toContain("receive: ok unasked\n");
  });

  // Elsewhere loopback has one address.
  test.runIf(process.platform === "linux")("pass by address", async () => {
    const strangers = [await udpSocket("127.0.0.2")];
    const peer = await udpEcho(strangers);
    const port = strangers[0]?.address().port ?? 0;
    const [from, to] = [Math.min(port, peer.port), Math.max(port, peer.port)];
    const ports = (host: string) => `sockets\tudp\t${host}\t${from}-${to}`;
    const dropping = await guarded([ports("127.0.0.1")]);
    expect(await dropping(unasked(peer.port))).toContain("receive: ok echo ping\n");
    const passing = await guarded([ports("127.0.0.0/8")]);
    expect(await passing(unasked(peer.port))).toContain("receive: ok unasked\n");
  });
});

describe.skipIf(!wasmtime)("names", () => {
  test("are looked up where they are granted, however they are written", async () => {
    const ask = await guarded([lookup("localhost")]);
    for (const name of ["localhost", "LocalHost"]) {
      expect(await ask(`/resolve?name=${name}`), name).toContain("resolve: ok\naddress: ok ");
    }
  });

  test("that are not granted are denied, and addresses are no names", async () => {
    const ask = await guarded([lookup("localhost"), lookup("*.a.test"), "sockets\ttcp\t127.0.0.1\t1-65535"]);
    for (const name of [
      "",
      "example.com",
      "a.test",
      "xa.test",
      "localhost..",
      "b.localhost",
      "localhost%00",
      "localhost:80",
    ]) {
      expect(await ask(`/resolve?name=${name}`), name).toBe("resolve: error access-denied\n");
    }
    for (const name of ["127.0.0.1", "127.1", "0177.0.0.1", "0x7f000001", "2130706433", "::1", "[::1]"]) {
      expect(await ask(`/resolve?name=${name}`), name).toBe("resolve: error access-denied\n");
    }
  });

  test("open what their look-ups returned, and only that", async () => {
    const { port, connections } = await tcpEcho();
    const names = await resolver(["127.0.0.1"]);
    const ask = await guarded([lookup("db.internal"), socketRule("tcp", "db.internal", port)], names);
    expect(await ask(`/tcp?addr=127.0.0.1&port=${port}`)).toContain("connect: error access-denied\n");
    expect(connections()).toBe(0);
    expect(await ask(`/tcp?name=db.internal&port=${port}&send=hello`)).toBe(
      "resolve: ok\naddress: ok 127.0.0.1\ncreate: ok\nconnect: ok\nexchange: ok hello\n",
    );
    expect(await ask(`/tcp?name=DB.internal.&port=${port}`)).toContain("connect: ok\n");
    expect(await ask(`/tcp?name=db.internal&port=${port + 1}`)).toContain("connect: error access-denied\n");
  });

  test("open nothing for one another", async () => {
    const { port, connections } = await tcpEcho();
    const granted = [lookup("*.internal"), socketRule("tcp", "db.internal", port)];
    const ask = await guarded(granted, await resolver(["127.0.0.1"]));
    expect(await ask(`/tcp?name=web.internal&port=${port}`)).toContain(
      "address: ok 127.0.0.1\ncreate: ok\nconnect: error access-denied\n",
    );
    expect(connections()).toBe(0);
  });

  test("of public zones that turn inward lead nowhere", async () => {
    const { port, connections } = await tcpEcho();
    const names = await resolver(["127.0.0.1", "10.0.0.1", "169.254.169.254", "93.184.216.34"]);
    const granted = [lookup("db.example.com"), socketRule("tcp", "db.example.com", port)];
    const ask = await guarded(granted, names);
    expect(await ask("/resolve?name=db.example.com")).toBe("resolve: ok\naddress: ok 93.184.216.34\n");
    const other = await guarded(granted, await resolver(["127.0.0.1"]));
    expect(await other(`/tcp?name=db.example.com&port=${port}`)).toBe("resolve: ok\n");
    expect(connections()).toBe(0);
  });

  test("of public zones lead to what is granted by its address", async () => {
    const { port } = await tcpEcho();
    const granted = [lookup("db.example.com"), socketRule("tcp", "127.0.0.0/8", port)];
    const ask = await guarded(granted, await resolver(["127.0.0.1", "10.0.0.1"]));
    expect(await ask(`/tcp?name=db.example.com&port=${port}`)).toBe(
      "resolve: ok\naddress: ok 127.0.0.1\ncreate: ok\nconnect: ok\n",
    );
  });
});
