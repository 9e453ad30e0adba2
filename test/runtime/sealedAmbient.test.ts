/**
 * What becomes of modules whose grants take an ambient family away, sealed by the composer and run in real Wasmtime with all
 * of it there: streams lead nowhere, clocks stand still, random numbers end who asks for them.
 */
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { type StockModule, stockModule, stockModules } from "../../tools/stock/modules.ts";
import { taskSignal } from "../../tools/task.ts";
import { Unavailable } from "../../tools/toolchain/tool.ts";
import { Workshop } from "../unit/composeSetup.ts";
import { type Ask, served, tcpEcho, usePorts, wasmtime } from "./socketSupport.ts";
import { inWasmtime, onLocalTarget } from "./stockRuns.ts";

usePorts(21_500);
const shop = await Workshop.open();
const buildLimit = 15 * 60_000;
const runLimit = 240_000;

/** The path of a module that is sealed with grants, and what it still asks its host for, without versions. */
async function sealed(bytes: Uint8Array, kind: StockModule["kind"], ...grants: object[]) {
  const texts = grants.map((inputs, index) => encodeGrant(grantOf(`grant-${index}`, inputs)));
  const { artifact, imports } = await shop.composer.compose({
    modules: { main: await shop.add(bytes, kind) },
    access: { main: { grants: texts } },
  });
  const path = shop.store.path(await shop.composer.ensure(artifact));
  return { path, imports: imports.map((full) => full.replace(/@.*/, "")) };
}

const guest = async (name: string, ...grants: object[]) =>
  sealed(
    await readFile(join(import.meta.dirname, `../fixtures/guests/${name}.wasm`)),
    "component",
    ...grants,
  );

const without = (...families: string[]) => ({
  ambient: Object.fromEntries(families.map((family) => [family, false])),
});

type Outcome = "works" | "is silent" | "ends";
const ordinary: Record<string, Outcome> = { clocks: "works", random: "works", stdio: "is silent" };
const rows: [name: string, outcomes: Record<string, Outcome>][] = [
  ["rust-wasip2", ordinary],
  ["rust-wasip1", ordinary],
  ["c", ordinary],
  ["c++", ordinary],
  ["go", { ...ordinary, random: "ends" }],
  ["javascript", ordinary],
  ["javascript-qjs", ordinary],
  ["python", { ...ordinary, random: "ends" }],
  // Handlers share their streams with HTTP, so theirs are not silent; these write to none.
  ["javascript-handler", { "clocks and stdio": "works" }],
  ["python-handler", { "clocks and stdio": "works" }],
];

describe.each(rows)("a module by the stock tools of %s", (name, outcomes) => {
  const module = stockModules.find((each) => each.name === name) as StockModule;
  let bytes: Uint8Array;
  let missing: string | undefined;

  beforeAll(async () => {
    const log = (line: string) => console.error(line);
    try {
      bytes = await readFile(await stockModule(module, { log, signal: taskSignal }));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      missing = error.message;
    }
  }, buildLimit);
  beforeEach((context) => context.skip(missing !== undefined, missing));

  const cases = Object.entries(outcomes);
  test.skipIf(!wasmtime).each(cases)("without %s %s", { timeout: runLimit }, async (families, outcome) => {
    const { path, imports } = await sealed(bytes, module.kind, without(...families.split(" and ")));
    const own = { clocks: "wasi:clocks/", random: "wasi:random/", stdio: "wasi:cli/std" }[families] ?? "none";
    expect(imports.filter((full) => full.startsWith(own))).toEqual([]);
    const said = inWasmtime[module.run](path);
    if (outcome === "ends") await expect(said).rejects.toThrow(/wasm trap/);
    else expect((await said).trim()).toBe(outcome === "works" ? module.line : "");
  });

  if (outcomes.stdio === "is silent") {
    test("without stdio is silent on the local target", { timeout: runLimit }, async () => {
      const { path } = await sealed(bytes, module.kind, without("stdio"));
      expect(await onLocalTarget.job(path)).not.toContain(module.line);
    });
  }
});

describe.skipIf(!wasmtime)("a handler", () => {
  const asked = async (...families: string[]): Promise<{ ask: Ask; imports: string[] }> => {
    const { path, imports } = await guest("echo", without(...families));
    return { ask: await served(path), imports };
  };

  test("without clocks answers, and its time stands still", async () => {
    const { ask, imports } = await asked("clocks");
    expect(imports.filter((name) => name.startsWith("wasi:clocks/"))).toEqual([]);
    expect(await ask("/")).toMatch(/^GET \/\n/);
    expect(await ask("/clock")).toBe("wall 0\nmonotonic 1\n");
    expect(await ask("/clock")).toBe("wall 0\nmonotonic 1\n");
  });

  test("without clocks sends requests, whose time limits are in the words of the clock", async () => {
    const server = createServer((_request, response) => void response.end("answer"));
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { path, imports } = await guest("client", { http: [`http://${authority}`] }, without("clocks"));
    // Asked for, as its types are, and no function of it is called.
    expect(imports).toContain("wasi:clocks/monotonic-clock");
    const ask = await served(path);
    expect(await ask(`/fetch?authority=${authority}`)).toMatch(/^status: 200\n/);
  });

  test("without random numbers answers, and ends where it asks for them", async () => {
    const { ask, imports } = await asked("random");
    expect(imports.filter((name) => name.startsWith("wasi:random/"))).toEqual([]);
    expect(await ask("/")).toMatch(/^GET \/\n/);
    expect(await ask("/random?bytes=8")).not.toMatch(/^[0-9a-f]{16}/);
  });

  test("without standard streams answers, and ends where it writes to them", async () => {
    const { ask, imports } = await asked("stdio");
    expect(imports.filter((name) => name.startsWith("wasi:cli/std"))).toEqual([]);
    expect(await ask("/")).toMatch(/^GET \/\n/);
    expect(await ask("/log?out=said")).not.toContain("logged");
  });
});

describe.skipIf(!wasmtime)("a Rust program with a TcpStream, granted TCP alone", () => {
  const client = (port: number, ...grants: object[]) => {
    const sockets = [{ host: "127.0.0.1", protocol: "tcp", ports: [String(port)] }];
    return guest("tcp-client", { sockets, environment: ["TO"] }, ...grants);
  };

  test("talks, and its bytes ask for nothing else of the network", async () => {
    const { port } = await tcpEcho();
    const { path, imports } = await client(port);
    const names = ["instance-network", "network", "tcp", "tcp-create-socket"];
    expect(imports.filter((name) => name.startsWith("wasi:sockets/")).sort()).toEqual(
      names.map((name) => `wasi:sockets/${name}`).sort(),
    );
    expect(await inWasmtime.job(path, { TO: `127.0.0.1:${port}` })).toBe("ok hello\n");
  });

  test("is told that it may not look names up", async () => {
    const { port, connections } = await tcpEcho();
    const { path } = await client(port);
    expect(await inWasmtime.job(path, { TO: `localhost:${port}` })).toMatch(/^error /);
    expect(connections()).toBe(0);
  });

  test("talks without a clock", async () => {
    const { port } = await tcpEcho();
    const { path, imports } = await client(port, without("clocks"));
    expect(imports.filter((name) => name.startsWith("wasi:clocks/"))).toEqual([
      "wasi:clocks/monotonic-clock",
    ]);
    expect(await inWasmtime.job(path, { TO: `127.0.0.1:${port}` })).toBe("ok hello\n");
  });
});
