/** A Module in a registry, over the protocol: tags, runs, registries that do not answer, and what needs none. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServiceError, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { Store } from "../../provider/artifacts/store.ts";
import { unknown } from "../../provider/schema/fields.ts";
import type { Properties } from "../../provider/values.ts";
import { type FaultyRegistry, faultyRegistry } from "../cluster/faultyRegistry.ts";
import { importing } from "../unit/inspectComponents.ts";
import { type Artifact, wasmArtifact } from "../unit/ociArtifacts.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { type PushOptions, pushArtifact } from "./pushedArtifact.ts";

const type = "wasm:index:Module";
const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

interface Made {
  component: Uint8Array;
  artifact: Artifact;
}

async function made(version: string): Promise<Made> {
  const component = await importing([`acme:auth/check@${version}`]);
  return { component, artifact: wasmArtifact(component) };
}

const first = await made("1.2.0");
const second = await made("1.3.0");

let engine: TestEngine;
let folder: string;
let registry: FaultyRegistry;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-module-reference-"));
  engine = await TestEngine.attach();
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** Each test has a cache and a registry of its own. */
let cacheDirectory: string;
beforeEach(async () => {
  const memory = await MemoryRegistry.start();
  registry = await faultyRegistry({ url: `http://${memory.host}` });
  cacheDirectory = await mkdtemp(join(folder, "cache-"));
  await newRun();
});
afterEach(() => registry.stop());

/** As the engine begins one. */
async function newRun(): Promise<void> {
  await engine.configure({ cacheDirectory, registries: { [registry.host]: { insecure: true } } });
}

function push(artifact: Artifact, options: PushOptions = {}) {
  return pushArtifact(registry.host, artifact, { tag: "1", ...options });
}

async function create(properties: Properties) {
  const { inputs, failures } = await engine.check(type, properties);
  expect(failures).toEqual([]);
  return engine.create(type, inputs);
}

const check = async (properties: Properties) => (await engine.check(type, properties)).failures;

const outputsOf = ({ component }: Made, resolved: string) => ({
  digest: digestOf(component),
  artifact: { digest: digestOf(component), kind: "component", recipe: digestOf(component) },
  size: component.length,
  resolved,
});

describe("by digest", () => {
  it("is pulled, verified and inspected in Check, and once only", async () => {
    const { pinned } = await push(first.artifact);
    expect(await check({ reference: pinned })).toEqual([]);
    const asked = registry.requests.length;
    const { outputs } = await engine.create(type, { reference: pinned }, { preview: true });
    expect(outputs).toMatchObject({ ...outputsOf(first, pinned), imports: ["acme:auth/check@1.2.0"] });
    await newRun();
    expect((await create({ reference: pinned })).outputs).toEqual(outputs);
    expect(registry.requests).toHaveLength(asked);
  });

  it("needs no registry once the bytes are here, and is then the same", async () => {
    const { pinned } = await push(first.artifact);
    const state = await create({ reference: pinned });
    await registry.stop();
    await newRun();
    expect(await create({ reference: pinned })).toEqual(state);
    expect(await engine.diff(type, state, { reference: pinned })).toMatchObject({ changes: DIFF_NONE });
  });

  it("is the same artifact with a tag beside the digest, whatever the tag means", async () => {
    const { pinned, digest } = await push(first.artifact);
    const { tagged } = await push(second.artifact);
    expect((await create({ reference: `${tagged}@${digest}` })).outputs).toMatchObject(
      outputsOf(first, pinned),
    );
  });

  it("is brought again where its bytes have gone", async () => {
    const { pinned } = await push(first.artifact);
    await create({ reference: pinned });
    await new Store({ folder: cacheDirectory }).discard(digestOf(first.component));
    await create({ reference: pinned });
    expect(await new Store({ folder: cacheDirectory }).has(digestOf(first.component))).toBe(true);
  });

  it("is pulled once for several Modules at the same time", async () => {
    const { pinned } = await push(first.artifact);
    const before = registry.requests.length;
    await Promise.all([1, 2, 3].map(() => create({ reference: pinned })));
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual(["GET", "GET", "GET"]);
  });

  it("holds maxSize and expectedDigest, at the reference", async () => {
    const { pinned } = await push(first.artifact);
    const message = (text: string) => [{ property: "reference", reason: expect.stringContaining(text) }];
    expect(await check({ reference: pinned, maxSize: 10 })).toEqual(
      message("more than 10 bytes. Build it smaller, or raise maxSize."),
    );
    const expectedDigest = digestOf(second.component);
    expect(await check({ reference: pinned, expectedDigest })).toEqual(
      message(`but expectedDigest is ${expectedDigest}`),
    );
    // Also once it is here.
    await create({ reference: pinned });
    expect(await check({ reference: pinned, maxSize: 10 })).toEqual(message("raise maxSize"));
  });
});

describe("by tag", () => {
  it("without allowTag names the digest to write", async () => {
    const { tagged, pinned } = await push(first.artifact);
    const reason = `${tagged} is a tag, which its owner can move to other bytes. Write "${pinned}", which it means now, or set allowTag: true.`;
    expect(await check({ reference: tagged })).toEqual([{ property: "reference", reason }]);
    expect(await check({ reference: tagged, allowTag: false })).toEqual([{ property: "reference", reason }]);
  });

  it("without allowTag says so where the digest cannot be looked up", async () => {
    const { tagged } = await push(first.artifact);
    const unlisted = await check({ reference: `${tagged}0` });
    await registry.stop();
    const stopped = await check({ reference: tagged });
    for (const [{ reason } = { reason: "" }] of [unlisted, stopped]) {
      expect(reason).toMatch(
        /acme\/module@sha256:…, or set allowTag: true\. Its digest could not be looked up: /,
      );
    }
    expect(unlisted[0]?.reason).toContain(`${tagged}0 is not in the registry`);
  });

  it("keeps the artifact of its run, though the tag moves between two methods", async () => {
    const { tagged, pinned } = await push(first.artifact);
    const inputs = { reference: tagged, allowTag: true };
    expect(await check(inputs)).toEqual([]);
    const moved = await push(second.artifact);
    expect((await engine.create(type, inputs)).outputs).toMatchObject(outputsOf(first, pinned));
    await newRun();
    expect((await engine.create(type, inputs)).outputs).toMatchObject(outputsOf(second, moved.pinned));
  });

  it("that moved is a difference at the reference, and no input changes", async () => {
    const { tagged } = await push(first.artifact);
    const inputs = { reference: tagged, allowTag: true };
    const state = await create(inputs);
    expect(await engine.diff(type, state, inputs)).toMatchObject({ changes: DIFF_NONE });
    const { pinned } = await push(second.artifact);
    expect(await engine.diff(type, state, inputs)).toMatchObject({ changes: DIFF_NONE });
    await newRun();
    const kind = { kind: providerPb.PropertyDiff.Kind.UPDATE, inputdiff: false };
    expect(await engine.diff(type, state, inputs)).toMatchObject({
      changes: DIFF_SOME,
      diffs: ["reference"],
      replaces: [],
      detailed: { reference: kind },
    });
    const updated = await engine.update(type, state, inputs);
    expect(updated.outputs).toMatchObject({ ...outputsOf(second, pinned), reference: tagged });
  });

  it("stays what it was while the registry does not answer, also when something else changes", async () => {
    const { tagged, pinned } = await push(first.artifact);
    const inputs = { reference: tagged, allowTag: true };
    const state = await create(inputs);
    await registry.stop();
    await newRun();
    expect(await check(inputs)).toEqual([]);
    expect(await engine.diff(type, state, inputs)).toMatchObject({ changes: DIFF_NONE, diffs: [] });
    const updated = await engine.update(type, state, { ...inputs, maxSize: 1_000_000 });
    expect(updated.outputs).toMatchObject(outputsOf(first, pinned));
  });

  it("that nobody has seen is an error while the registry does not answer", async () => {
    await registry.stop();
    const inputs = { reference: `${registry.host}/acme/module:1`, allowTag: true };
    expect(await check(inputs)).toEqual([]);
    const error = await engine
      .create(type, inputs, { preview: true })
      .catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({
      code: status.FAILED_PRECONDITION,
      details: expect.stringMatching(new RegExp(`^reference: .*${registry.host}`)),
    });
  });

  it("that was deleted is a problem in Check", async () => {
    const failures = await check({ reference: `${registry.host}/acme/module:9`, allowTag: true });
    expect(failures).toEqual([
      { property: "reference", reason: expect.stringContaining("acme/module:9 is not in the registry.") },
    ]);
  });
});

describe("with a key", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signingKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const key = publicKey.export({ type: "spki", format: "pem" }).toString();
  const other = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();

  it("is taken where the artifact is signed with it, and needs no registry the second time", async () => {
    const { pinned } = await push(first.artifact, { signingKey });
    const state = await create({ reference: pinned, verify: { key } });
    await registry.stop();
    await newRun();
    expect(await create({ reference: pinned, verify: { key } })).toEqual(state);
  });

  it.each([
    ["another key", { signingKey }, other],
    ["no signature", {}, key],
  ] as const)(
    "is a problem in Check with %s, also where the bytes are here",
    async (_what, options, verifyKey) => {
      const { pinned } = await push(first.artifact, options);
      await create({ reference: pinned });
      expect(await check({ reference: pinned, verify: { key: verifyKey } })).toMatchObject([
        { property: "verify.key" },
      ]);
      await expect(
        engine.create(type, { reference: pinned, verify: { key: verifyKey } }),
      ).rejects.toMatchObject({
        details: expect.stringMatching(/^verify\.key: /),
      });
    },
  );

  it("is not taken unseen while the registry does not answer", async () => {
    const { pinned } = await push(first.artifact, { signingKey });
    await create({ reference: pinned });
    await registry.stop();
    await newRun();
    await expect(engine.create(type, { reference: pinned, verify: { key } })).rejects.toMatchObject({
      details: expect.stringMatching(/^reference: /),
    });
  });
});

describe("what never asks the registry", () => {
  it("is refresh, destroy, and a preview in which the reference is not known", async () => {
    const { tagged } = await push(first.artifact);
    const state = await create({ reference: tagged, allowTag: true });
    const asked = registry.requests.length;
    await newRun();
    expect(await engine.read(type, state)).toEqual(state);
    await engine.delete(type, state);
    const { outputs } = await engine.create(type, { reference: unknown }, { preview: true });
    expect(outputs).toMatchObject({ artifact: unknown, resolved: unknown });
    expect(registry.requests).toHaveLength(asked);
  });
});

describe("import", () => {
  it("is by reference, pinned or by tag", async () => {
    const { tagged, pinned } = await push(first.artifact);
    const byDigest = await engine.read(type, { id: pinned });
    expect(byDigest).toMatchObject({
      id: "it",
      inputs: { reference: pinned },
      outputs: outputsOf(first, pinned),
    });
    const byTag = await engine.read(type, { id: tagged });
    expect(byTag).toMatchObject({
      inputs: { reference: tagged, allowTag: true },
      outputs: outputsOf(first, pinned),
    });
    expect(await engine.diff(type, byTag, byTag.inputs)).toMatchObject({ changes: DIFF_NONE });
  });

  it("of a reference that is none says what is wrong with it", async () => {
    const id = `acme/module@${digestOf(first.component)}`;
    await expect(engine.read(type, { id })).rejects.toMatchObject({
      details: expect.stringMatching(
        /^"acme.* is not a reference: it does not begin with the host of a registry/,
      ),
    });
  });
});
