/**
 * The guard of sockets and look-ups, in real Wasmtime with the whole network open: a guest behind it tries what it was and
 * what it was not granted, against servers on loopback.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { resolver } from "./resolver.ts";
import { rulesComponent, textComponent } from "./rulesComponent.ts";

const wasmtime = await findOnPath("wasmtime");
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
  const url = await serve(shop.store.path(await shop.composer.ensure(artifact)));
  return async (path) => (await fetch(url + path)).text();
}

type Ask = (path: string) => Promise<string>;

/** @returns the address, without a slash at the end */
async function serve(path: string): Promise<string> {
  const open = "cli,tcp,udp,inherit-network,allow-ip-name-lookup";
  const child = spawn(wasmtime ?? "", ["serve", "-S", open, "--addr", "127.0.0.1:0", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => ended(child));
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const url = /^Serving HTTP on (\S+)\/$/.exec(line)?.[1];
    if (url !== undefined) {
      child.stderr.resume();
      return url;
    }
  }
  throw new Error(lines.join("\n"));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** Echoes what comes; `connections` counts who came. */
async function tcpEcho(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

async function udpEcho(): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (data, from) => {
    received.push(data.toString());
    socket.send(`echo ${data}`, from.port, from.address);
  });
  onTestFinished(() => void socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { port: socket.address().port, received };
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
