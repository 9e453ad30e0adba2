/**
 * A Module whose registry does harm: what Check says, that nothing half-done is kept, and that the next run completes. What
 * each fault means for the client itself, `ociClient*.test.ts` holds.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { TestEngine } from "../protocol/harness.ts";
import { pushArtifact } from "../protocol/pushedArtifact.ts";
import { guestDigest, guestFile } from "../protocol/samples.ts";
import { wasmArtifact } from "../unit/ociArtifacts.ts";
import type { Fault, Match } from "./fault.ts";
import { type FaultyRegistry, faultyRegistry } from "./faultyRegistry.ts";
import { type Registry, startRegistry } from "./registry.ts";

const type = "wasm:index:Module";
const plain = await readFile(guestFile("plain"));
const always = Number.POSITIVE_INFINITY;

let registry: Registry;
let proxy: FaultyRegistry;
let engine: TestEngine;
let folder: string;
let cacheDirectory: string;
let pinned: string;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
  engine = await TestEngine.attach();
  folder = await mkdtemp(join(tmpdir(), "wasm-module-faults-"));
  ({ pinned } = await pushArtifact(proxy.host, wasmArtifact(plain)));
});
afterAll(async () => {
  engine?.close();
  await proxy?.stop();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  proxy.clear();
  cacheDirectory = await mkdtemp(join(folder, "cache-"));
  await newRun();
});

async function newRun(): Promise<void> {
  const registries = { [proxy.host]: { insecure: true, username: "owner", password: "hunter2-in-vain" } };
  await engine.configure({ cacheDirectory, registries, registryTimeout: 1 });
}

const manifest: Match = { method: "GET", path: "/manifests/", times: always };
const blob: Match = { method: "GET", path: `/blobs/${digestOf(plain)}`, times: always };
const again = { "retry-after": "0" };

const refused: [what: string, match: Match, fault: Fault][] = [
  ["401", manifest, { kind: "status", status: 401, headers: { "www-authenticate": 'Basic realm="r"' } }],
  ["403", manifest, { kind: "status", status: 403 }],
  ["404", manifest, { kind: "status", status: 404 }],
  ["another manifest than the digest names", manifest, { kind: "rewrite", change: () => ({ schemaVersion: 2 }) }],
  ["other bytes of a blob", blob, { kind: "otherBytes" }],
  ["a blob that is shorter than declared", blob, { kind: "shorter", by: 7 }],
  ["a blob that is cut at the same place at each try", blob, { kind: "cutResponse", after: 0 }],
  ["a blob that is longer than declared", blob, { kind: "longer", by: 7 }],
]; // biome-ignore format: a table

it.each(refused)("%s is a problem in Check, and the next run completes", async (_what, match, fault) => {
  const injection = proxy.inject(match, fault);
  const { failures } = await engine.check(type, { reference: pinned });
  expect(injection.hits).toBeGreaterThan(0);
  expect(failures).toEqual([{ property: "reference", reason: expect.stringContaining(proxy.host) }]);
  expect(JSON.stringify(failures)).not.toContain("hunter2");
  await expectNothingKept();
  await expectCompletion();
});

const silent: [what: string, match: Match, fault: Fault][] = [
  ["429 at each try", manifest, { kind: "status", status: 429, headers: again }],
  ["503 at each try", blob, { kind: "status", status: 503, headers: again }],
  ["a registry that hangs", manifest, { kind: "hang" }],
  ["a registry that closes each connection", manifest, { kind: "close" }],
]; // biome-ignore format: a table

it.each(silent)("%s passes Check, fails Create, and the next run completes", async (_what, match, fault) => {
  proxy.inject(match, fault);
  expect((await engine.check(type, { reference: pinned })).failures).toEqual([]);
  await expect(engine.create(type, { reference: pinned }, { preview: true })).rejects.toMatchObject({
    details: expect.stringMatching(new RegExp(`^reference: .*${proxy.host}`, "s")),
  });
  await expectNothingKept();
  await expectCompletion();
});

const survived: [what: string, match: Match, fault: Fault][] = [
  ["one 503", { ...blob, times: 1 }, { kind: "status", status: 503, headers: again }],
  ["a blob that is cut once in the middle", { ...blob, times: 1 }, { kind: "cutResponse", after: 1000 }],
  ["a connection of two that is closed", { times: always }, { kind: "closeEachSecond" }],
  ["a redirect to another host", blob, { kind: "redirect" }],
]; // biome-ignore format: a table

it.each(survived)("%s is got over", async (_what, match, fault) => {
  const injection = proxy.inject(match, fault);
  expect((await engine.check(type, { reference: pinned })).failures).toEqual([]);
  expect(injection.hits).toBeGreaterThan(0);
  expect(await new Store({ folder: cacheDirectory }).read(digestOf(plain))).toEqual(plain);
});

/** Of bytes that were refused or did not come to their end. */
async function expectNothingKept(): Promise<void> {
  expect(await readdir(join(cacheDirectory, "tmp")).catch(() => [])).toEqual([]);
  expect(await new Store({ folder: cacheDirectory }).has(digestOf(plain))).toBe(false);
}

async function expectCompletion(): Promise<void> {
  proxy.clear();
  await newRun();
  expect((await engine.check(type, { reference: pinned })).failures).toEqual([]);
  const { outputs } = await engine.create(type, { reference: pinned });
  expect(outputs).toMatchObject({ digest: guestDigest("plain"), resolved: pinned });
}
