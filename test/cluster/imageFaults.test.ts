/**
 * Pushes through a proxy that does harm: each fault ends in an error that names the place, leaves no tag, and the next try
 * completes. What each fault means for the client itself, `ociClient*.test.ts` holds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { digestSchema } from "../../provider/artifacts/digest.ts";
import type { Properties } from "../../provider/values.ts";
import { detailOf, TestEngine } from "../protocol/harness.ts";
import { guestFile } from "../protocol/samples.ts";
import type { Fault, Match } from "./fault.ts";
import { type FaultyRegistry, faultyRegistry } from "./faultyRegistry.ts";
import { manifestAt, tagsAt } from "./imagePrograms.ts";
import { type Registry, startRegistry } from "./registry.ts";

const type = "wasm:index:Image";
const always = Number.POSITIVE_INFINITY;

let registry: Registry;
let proxy: FaultyRegistry;
let engine: TestEngine;
let folder: string;
let artifact: Properties;
let caches = 0;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await faultyRegistry(registry);
  folder = await mkdtemp(join(tmpdir(), "wasm-image-faults-"));
  engine = await TestEngine.attach();
});
beforeEach(async () => {
  // With what an earlier case has pushed, a registry would take the blobs over from there.
  const cacheDirectory = join(folder, String(caches++));
  await engine.configure({ cacheDirectory, registryTimeout: 1 });
  const { result } = await engine.invoke("wasm:index:inspect", { file: guestFile("echo") });
  artifact = { ...moduleArtifact(digestSchema.parse(result.digest), "component") };
});
afterEach(() => proxy.clear());
afterAll(async () => {
  engine?.close();
  await proxy?.stop();
  await registry?.stop();
  await rm(folder, { recursive: true, force: true });
});

const layerOrConfig = /\/blobs\/uploads\//;
const manifestByDigest = /\/manifests\/sha256:/;

interface Case {
  what: string;
  match: Match;
  fault: Fault;
  message: RegExp;
}

const beforeManifest: Case[] = [
  { what: "no credentials", match: { method: "POST", path: layerOrConfig }, fault: { kind: "status", status: 401, headers: { "www-authenticate": 'Basic realm="r"' } }, message: /127\.0\.0\.1.*(credentials|log in|username)/s },
  { what: "no rights", match: { method: "POST", path: layerOrConfig }, fault: { kind: "status", status: 403 }, message: /acme\// },
  { what: "a repository that must be made first", match: { method: "POST", path: layerOrConfig }, fault: { kind: "status", status: 404 }, message: /acme\// },
  { what: "too many requests", match: { path: layerOrConfig, times: always }, fault: { kind: "status", status: 429, headers: { "retry-after": "0" } }, message: /429|too many/i },
  { what: "a server error at each try", match: { method: "PUT", path: layerOrConfig, times: always }, fault: { kind: "status", status: 503, headers: { "retry-after": "0" } }, message: /503/ },
  { what: "a server error in the middle of a blob, each time", match: { method: "PUT", path: layerOrConfig, times: always }, fault: { kind: "status", status: 500, after: 10 }, message: /500/ },
  { what: "a connection that is cut before any of a blob came through, each time", match: { path: layerOrConfig, times: always }, fault: { kind: "cutRequest", after: 0 }, message: /127\.0\.0\.1/ },
  { what: "a registry that hangs", match: { method: "POST", path: layerOrConfig, times: always }, fault: { kind: "hang" }, message: /127\.0\.0\.1/ },
  { what: "a manifest that is refused", match: { method: "PUT", path: manifestByDigest }, fault: { kind: "status", status: 400, body: '{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}' }, message: /MANIFEST_INVALID|no/ },
  { what: "a manifest that is cut off, each time", match: { method: "PUT", path: manifestByDigest, times: always }, fault: { kind: "cutRequest", after: 10 }, message: /127\.0\.0\.1/ },
]; // biome-ignore format: a table

describe.each(beforeManifest)("$what", ({ match, fault, message }) => {
  test("leaves no image and no tag, and the next run completes", async () => {
    const name = `acme/${names.next().value}`;
    const inputs: Properties = {
      artifact,
      repository: `${proxy.host}/${name}`,
      insecure: true,
      tags: ["1", "latest"],
    };
    const planned = await engine.create(type, inputs, { preview: true });
    const injection = proxy.inject(match, fault);
    const error = await engine.create(type, inputs).then(
      () => new Error("It was created."),
      (failure: Error) => failure,
    );
    proxy.clear();
    expect(injection.hits).toBeGreaterThan(0);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain("defect");
    expect(await tagsAt(registry.url, name)).toEqual([]);
    expect((await manifestAt(registry.url, name, String(planned.outputs.digest))).status).toBe(404);

    expect((await engine.create(type, inputs)).outputs).toEqual(planned.outputs);
    expect(await tagsAt(registry.url, name)).toEqual(["1", "latest"]);
  });
});

const afterManifest: Case[] = [
  { what: "a tag that may not be moved", match: { method: "PUT", path: "/manifests/latest" }, fault: { kind: "status", status: 403 }, message: /latest|denied|403/ },
  { what: "a tag whose manifest is cut off, each time", match: { method: "PUT", path: "/manifests/latest", times: always }, fault: { kind: "cutRequest", after: 10 }, message: /127\.0\.0\.1/ },
  { what: "a list of referrers that cannot be read", match: { method: "GET", path: "/referrers/", times: always }, fault: { kind: "status", status: 500 }, message: /500/ },
]; // biome-ignore format: a table

describe.each(afterManifest)("$what", ({ match, fault, message }) => {
  test("keeps the Image with what it has, and the next update completes it", async () => {
    const name = `acme/${names.next().value}`;
    const inputs: Properties = {
      artifact,
      repository: `${proxy.host}/${name}`,
      insecure: true,
      tags: ["1", "latest"],
    };
    const planned = await engine.create(type, inputs, { preview: true });
    proxy.inject(match, fault);
    const error = await engine.create(type, inputs).catch((failure) => failure);
    proxy.clear();
    expect(error.message).toMatch(message);
    const { initFailed } = detailOf(error);
    expect(initFailed?.getId()).toBe(inputs.repository);
    const kept = initFailed?.getProperties()?.toJavaScript() as Properties;
    expect(kept.digest).toBe(planned.outputs.digest);
    // No tag but one that names the whole image.
    for (const tag of await tagsAt(registry.url, name)) {
      expect((await manifestAt(registry.url, name, tag)).digest).toBe(kept.digest);
    }
    const state = { id: String(inputs.repository), inputs, outputs: kept };
    expect((await engine.diff(type, state, inputs)).diffs).not.toEqual([]);
    expect((await engine.update(type, state, inputs)).outputs).toEqual(planned.outputs);
    expect(await tagsAt(registry.url, name)).toEqual(["1", "latest"]);
  });
});

test("a registry that closes each second connection gets a whole image, and gives its module again", async () => {
  const name = "acme/second";
  const repository = `${proxy.host}/${name}`;
  const inputs: Properties = { artifact, repository, insecure: true, tags: ["1"] };
  const planned = await engine.create(type, inputs, { preview: true });
  proxy.inject({ times: always }, { kind: "closeEachSecond" });
  const { outputs } = await engine.create(type, inputs);
  expect(outputs).toEqual(planned.outputs);
  expect((await manifestAt(registry.url, name, "1")).digest).toBe(outputs.digest);

  await using other = await emptyMachine();
  const pulled = await other.engine.create("wasm:index:Module", { reference: String(outputs.ref) });
  expect(pulled.outputs.digest).toBe(artifact.digest);
  expect(proxy.requests.some(({ fault, status }) => fault && status === undefined)).toBe(true);
});

test("a tag that somebody moves while it is set is seen by the next refresh", async () => {
  const repository = `${proxy.host}/acme/race`;
  const inputs: Properties = { artifact, repository, insecure: true, tags: ["1"] };
  const other = await engine.create(type, { ...inputs, tags: [], annotations: { by: "somebody" } });
  const bytes = await manifestAt(registry.url, "acme/race", String(other.outputs.digest));
  const state = await engine.create(type, inputs);
  await fetch(`${registry.url}/v2/acme/race/manifests/1`, {
    method: "PUT",
    headers: { "content-type": bytes.type },
    body: new Uint8Array(bytes.bytes),
  });
  const seen = await engine.read(type, state);
  expect(seen.outputs.tagDigests).toEqual({ "1": other.outputs.digest });
});

test("two pushes of the same content at once leave one whole image", async () => {
  const repository = `${proxy.host}/acme/twice`;
  const inputs: Properties = { artifact, repository, insecure: true, tags: ["1"] };
  const all = await Promise.all([1, 2, 3].map(() => engine.create(type, inputs)));
  expect(new Set(all.map(({ outputs }) => outputs.digest)).size).toBe(1);
  const { json, digest } = await manifestAt(registry.url, "acme/twice", "1");
  expect(digest).toBe(all[0]?.outputs.digest);
  const layers = json.layers as { digest: string; size: number }[];
  for (const layer of layers) {
    const response = await fetch(`${registry.url}/v2/acme/twice/blobs/${layer.digest}`);
    expect((await response.arrayBuffer()).byteLength).toBe(layer.size);
  }
});

test("a run that is cancelled while it sends leaves no tag", async () => {
  const name = "acme/cancelled";
  proxy.inject({ method: "PUT", path: layerOrConfig, times: always }, { kind: "hang" });
  const inputs: Properties = { artifact, repository: `${proxy.host}/${name}`, insecure: true, tags: ["1"] };
  const other = await TestEngine.attach({ cacheDirectory: join(folder, String(caches - 1)) });
  const created = other.create(type, inputs).catch((failure: Error) => failure.message);
  await expect
    .poll(() => proxy.requests.some(({ path }) => path.includes(`${name}/blobs/uploads/`)))
    .toBe(true);
  await other.cancel();
  other.close();
  expect(await created).toMatch(/cancel/i);
  proxy.clear();
  expect(await tagsAt(registry.url, name)).toEqual([]);
});

/** Another plugin, which has nothing in its cache and knows the proxy as a registry without TLS. */
async function emptyMachine() {
  const registries = { [proxy.host]: { insecure: true } };
  const other = await TestEngine.attach({ cacheDirectory: join(folder, String(caches++)), registries });
  return { engine: other, [Symbol.asyncDispose]: async () => other.close() };
}

/** A repository of its own for each case. */
const names = (function* () {
  for (let number = 0; ; number++) yield `fault-${number}`;
})();
