/** What the report says beyond the table: what modules reach through their neighbours, and which denied calls trap. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import { encodeTarget } from "../../provider/targets/target.ts";
import type { Properties, Value } from "../../provider/values.ts";
import { moduleOf } from "../runtime/attacks/parts.ts";
import { component } from "../unit/inspectComponents.ts";
import { TestEngine } from "./harness.ts";

const target = encodeTarget({ kind: "local" });
const files = ["wasi:filesystem/types", "wasi:filesystem/preopens"];
const http = { http: ["https://api.example.com"] };

let engine: TestEngine;
let store: Store;
let cacheDirectory: string;
beforeAll(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), "wasm-admission-reach-"));
  store = new Store({ folder: cacheDirectory });
  engine = await TestEngine.attach({ cacheDirectory });
});
afterAll(async () => {
  engine.close();
  await rm(cacheDirectory, { recursive: true, force: true });
});

/** A part of the attacks' table, by name. */
async function artifactOf(part: string): Promise<Properties> {
  const { bytes, kind } = await moduleOf(part);
  const { digest } = await store.addBytes(bytes);
  return { ...moduleArtifact(digest, kind) };
}

/** One module, with what it was granted, and what of its imports stays denied. */
const module = async (part: string, granted: object = {}, denied: string[] = []): Promise<Properties> => ({
  artifact: await artifactOf(part),
  grants: [encodeGrant(grantOf("grant", granted))],
  denied,
});

/** The report of an artifact, line by line. */
async function linesOf(inputs: Properties): Promise<string[]> {
  const admission = { target, ...inputs };
  expect((await engine.check("wasm:index:Admission", admission)).failures).toEqual([]);
  const { outputs } = await engine.create("wasm:index:Admission", admission, { preview: true });
  return String(outputs.report).split("\n");
}

async function composed(
  modules: Record<string, Properties>,
  links: Value[],
  bindings: Properties = {},
): Promise<string[]> {
  const inputs = { modules, links };
  expect((await engine.check("wasm:index:Composition", inputs)).failures).toEqual([]);
  const { outputs } = await engine.create("wasm:index:Composition", inputs);
  return linesOf({ artifact: outputs.artifact as Properties, bindings });
}

describe("of a composition, the report says", () => {
  it("whose grants a request is sent by that is handed to a neighbour", async () => {
    const link = { from: "asker", import: "wasi:http/outgoing-handler", to: "courier" };
    const modules = { asker: await module("client"), courier: await module("courier", http) };
    expect(await composed(modules, [link])).toEqual(
      expect.arrayContaining([
        "asker calls courier, directly or not, which may http https://api.example.com",
        expect.stringMatching(
          /^courier can hand asker what it holds, over wasi:http\/outgoing-handler@0\.2\.\d+$/,
        ),
      ]),
    );
  });

  it("what a module in front may have done by the one behind it, and nothing the other way", async () => {
    const link = { from: "front", import: "wasi:http/incoming-handler", to: "back" };
    const unused = ["network", "instance-network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"];
    const denied = [...files, ...unused.map((name) => `wasi:sockets/${name}`)];
    const modules = {
      front: await module("neighbour", { http: ["https://front.example.com"] }, denied),
      back: await module("client", { ...http, environment: ["KEY"] }),
    };
    const lines = await composed(modules, [link], { back: { environment: ["KEY"] } });
    expect(lines.filter((line) => / calls | hand /.test(line))).toEqual([
      "front calls back, directly or not, which may http https://api.example.com",
      "front calls back, directly or not, which may environment KEY",
      expect.stringMatching(
        /^back can hand front what it holds, over wasi:http\/incoming-handler@0\.2\.\d+$/,
      ),
    ]);
  });
});

describe("of a module whose denied calls have no error to answer with, the report says", () => {
  it("which ones trap, without versions", async () => {
    const own = await module("echo", { ambient: { random: false } }, ["wasi:random/random"]);
    expect(await linesOf(own)).toContain(
      "module main: denied calls that trap: wasi:random/random#get-random-bytes",
    );
  });

  it("none whose signature can say that it is denied", async () => {
    const own = await module("client", {}, ["wasi:http/outgoing-handler"]);
    expect((await linesOf(own)).filter((line) => line.includes("trap"))).toEqual([]);
  });

  it("how a resource is made, and not what could be done with one, for nobody has any", async () => {
    const bytes = await component(`package test:module;
      world w { import acme:db/db@1.0.0; export wasi:http/incoming-handler@0.2.0; }
      package acme:db@1.0.0 {
        interface db {
          resource table { constructor(name: string); open: static func() -> table; size: func() -> u32; }
          count: func() -> u32;
          ask: func() -> result<u32, string>;
        }
      }
      ${await handler()}`);
    const { digest } = await store.addBytes(bytes);
    const artifact = { ...moduleArtifact(digest, "component") };
    expect(await linesOf({ artifact, denied: ["acme:db/db"] })).toContain(
      "module main: denied calls that trap: acme:db/db#[constructor]table, acme:db/db#[static]table.open, acme:db/db#count",
    );
  });
});

/** The packages of a handler of requests. */
async function handler(): Promise<string> {
  const packages = ["io", "clocks", "http"].map(async (name) => {
    const path = join(import.meta.dirname, `../../composer/guards/wit/deps/${name}.wit`);
    return `${(await readFile(path, "utf8")).replace(/^package ([^;]+);/, "package $1 {")} }\n`;
  });
  return (await Promise.all(packages)).join("");
}
