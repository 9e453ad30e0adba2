/** Sockets and look-ups, sealed by the composer and run in real Wasmtime; see `guardSockets.test.ts`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { type Ask, served, tcpEcho, udpEcho, usePorts, wasmtime } from "./socketSupport.ts";

usePorts(21_400);
const shop = await Workshop.open();
const guest = await shop.add(await readFile(join(import.meta.dirname, "../fixtures/guests/sockets.wasm")));

/** Seals the guest with a grant. `imports` are those of the finished bytes that are about sockets, without versions. */
async function sealed(inputs: object): Promise<{ imports: string[]; serve: () => Promise<Ask> }> {
  const grants = [encodeGrant(grantOf("network", inputs))];
  const { artifact, imports } = await shop.composer.compose({
    modules: { main: guest },
    access: { main: { grants } },
  });
  const names = imports.flatMap((full) => /^wasi:sockets\/([^@]+)@/.exec(full)?.[1] ?? []);
  const serve = async () => served(shop.store.path(await shop.composer.ensure(artifact)));
  return { imports: names.sort(), serve };
}

const socket = (protocol: "tcp" | "udp", port: number) => ({
  host: "127.0.0.1",
  protocol,
  ports: [String(port)],
});
const handles = ["instance-network", "network"];

describe.skipIf(!wasmtime)("a module that is granted", () => {
  test("connections has those alone, and its bytes ask for no datagrams", async () => {
    const [tcp, other, udp] = [await tcpEcho(), await tcpEcho(), await udpEcho()];
    const { imports, serve } = await sealed({ sockets: [socket("tcp", tcp.port)] });
    expect(imports).toEqual([...handles, "tcp", "tcp-create-socket"]);
    const ask = await serve();
    expect(await ask(`/tcp?addr=127.0.0.1&port=${tcp.port}&send=hello`)).toContain("exchange: ok hello\n");
    expect(await ask(`/tcp?addr=127.0.0.1&port=${other.port}`)).toContain("connect: error access-denied\n");
    expect(await ask(`/udp?addr=127.0.0.1&port=${udp.port}`)).toBe(
      "parse: ok\ncreate: error access-denied\n",
    );
    expect(await ask("/resolve?name=localhost")).toBe("resolve: error access-denied\n");
    expect([other.connections(), udp.received]).toEqual([0, []]);
  });

  test("datagrams has those alone, and its bytes ask for no connections", async () => {
    const [tcp, udp, other] = [await tcpEcho(), await udpEcho(), await udpEcho()];
    const { imports, serve } = await sealed({ sockets: [socket("udp", udp.port)] });
    expect(imports).toEqual([...handles, "udp", "udp-create-socket"]);
    const ask = await serve();
    const talk = `/udp?addr=127.0.0.1&port=${udp.port}&to=127.0.0.1:${other.port}&receive=5000`;
    expect(await ask(talk)).toContain("send: error access-denied\nreceive: ok echo ping\n");
    expect(await ask(`/tcp?addr=127.0.0.1&port=${tcp.port}`)).toBe(
      "parse: ok\ncreate: error access-denied\n",
    );
    expect([tcp.connections(), other.received]).toEqual([0, []]);
  });

  test("look-ups has those alone", async () => {
    const { imports, serve } = await sealed({ nameLookup: ["localhost"] });
    expect(imports).toEqual(["instance-network", "ip-name-lookup", "network"]);
    const ask = await serve();
    expect(await ask("/resolve?name=localhost")).toContain("address: ok ");
    expect(await ask("/resolve?name=example.com")).toBe("resolve: error access-denied\n");
    expect(await ask("/tcp?addr=127.0.0.1&port=1")).toBe("parse: ok\ncreate: error access-denied\n");
    expect(await ask("/udp?addr=127.0.0.1&port=1")).toBe("parse: ok\ncreate: error access-denied\n");
  });

  test("nothing on the network starts, and its bytes ask for nothing of it", async () => {
    const { imports, serve } = await sealed({});
    expect(imports).toEqual([]);
    const ask = await serve();
    for (const path of ["/tcp?addr=127.0.0.1&port=1", "/udp?addr=127.0.0.1&port=1"]) {
      expect(await ask(path), path).toBe("parse: ok\ncreate: error access-denied\n");
    }
  });
});
