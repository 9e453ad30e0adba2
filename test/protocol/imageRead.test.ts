/** What a refresh of an Image finds, and the next update repairs. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { moduleArtifact } from "../../provider/artifacts/artifact.ts";
import { type Properties, Secret } from "../../provider/values.ts";
import { TestEngine } from "./harness.ts";
import { MemoryRegistry } from "./memoryRegistry.ts";
import { guestDigest, guestFile } from "./samples.ts";

const type = "wasm:index:Image";
const { DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

let engine: TestEngine;
let folder: string;
let registry: MemoryRegistry;
let inputs: Properties;

const artifactOf = (name: "client" | "echo") => ({ ...moduleArtifact(guestDigest(name), "component") });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-image-"));
  engine = await TestEngine.attach({ cacheDirectory: folder });
  // An Image names its module by digest: the bytes are in the store once somebody has shown them.
  for (const name of ["client", "echo"]) await engine.invoke("wasm:index:inspect", { file: guestFile(name) });
});
afterAll(async () => {
  engine.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  registry = await MemoryRegistry.start();
  const repository = `${registry.host}/acme/api`;
  inputs = {
    artifact: artifactOf("client"),
    repository,
    insecure: true,
    format: "wasm",
    deleteOnDestroy: false,
  };
});

function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}

/** Takes referrers out of the registry and out of the list of them, as somebody else would. */
function forget(
  matches: (manifest: { artifactType?: string; annotations?: Record<string, string> }) => boolean,
) {
  for (const [key, { type, bytes }] of registry.manifests) {
    const { manifests, ...manifest } = JSON.parse(String(bytes));
    const kept = manifests?.filter((entry: typeof manifest) => !matches(entry));
    if (kept)
      registry.manifests.set(key, {
        type,
        bytes: Buffer.from(JSON.stringify({ ...manifest, manifests: kept })),
      });
    else if (manifest.subject && matches(manifest)) registry.manifests.delete(key);
  }
}

describe("Read", () => {
  afterEach(() => engine.configure({ cacheDirectory: folder }));

  it("finds a tag that somebody moved and one that is gone; the next update repairs both", async () => {
    const wanted = { ...inputs, tags: ["1.0", "latest", "v2"] };
    const state = await engine.create(type, wanted);
    const other = await engine.create(type, { ...inputs, artifact: artifactOf("echo") });
    const moved = registry.manifests.get(`acme/api@${String(other.outputs.digest)}`);
    if (moved) registry.manifests.set("acme/api@latest", moved);
    registry.manifests.delete("acme/api@1.0");
    const seen = await engine.read(type, state);
    expect(seen.outputs.tagDigests).toEqual({ latest: other.outputs.digest, v2: state.outputs.digest });
    const { detailed, diffs } = await engine.diff(type, { ...seen, inputs: wanted }, wanted);
    expect(Object.keys(detailed).sort()).toEqual(["tagDigests.latest", 'tagDigests["1.0"]']);
    expect(Object.values(detailed).every(({ inputdiff }) => !inputdiff)).toBe(true);
    expect(diffs).toEqual(["tagDigests"]);
    const repaired = await engine.update(type, { ...seen, inputs: wanted }, wanted);
    expect(repaired.outputs.tagDigests).toEqual(state.outputs.tagDigests);
    expect(await engine.read(type, { ...repaired, inputs: wanted })).toMatchObject({
      outputs: repaired.outputs,
    });
  });

  it.each([
    ["report", "attestations/grants", "attested"],
    ["signature", "sigstore.dev/cosign/sign", "signedBy"],
  ])("finds that the %s is gone; the next update attaches it again", async (_what, predicate, path) => {
    const signingKey = new Secret(newKey());
    await engine.configure({ cacheDirectory: folder, signingKey });
    const state = await engine.create(type, inputs);
    expect(await engine.read(type, state)).toMatchObject({ outputs: state.outputs });
    forget(({ annotations = {} }) => Object.values(annotations).some((text) => text.includes(predicate)));
    const seen = { ...(await engine.read(type, state)), inputs };
    expect(await engine.diff(type, seen, inputs)).toMatchObject({ changes: DIFF_SOME, diffs: [path] });
    const repaired = await engine.update(type, seen, inputs);
    expect(repaired.outputs).toEqual(state.outputs);
    expect(await engine.read(type, { ...repaired, inputs })).toMatchObject({ outputs: state.outputs });
  });

  it("finds that an unsigned report is gone, which the list of referrers still names", async () => {
    const state = await engine.create(type, inputs);
    expect(await engine.read(type, state)).toMatchObject({ outputs: state.outputs });
    for (const [key, { bytes }] of registry.manifests) {
      if (JSON.parse(String(bytes)).artifactType === "application/vnd.in-toto+json")
        registry.manifests.delete(key);
    }
    const seen = { ...(await engine.read(type, state)), inputs };
    expect(await engine.diff(type, seen, inputs)).toMatchObject({ diffs: ["attested"] });
    const repaired = await engine.update(type, seen, inputs);
    expect(repaired.outputs).toEqual(state.outputs);
    expect(await engine.read(type, { ...repaired, inputs })).toMatchObject({ outputs: state.outputs });
  });

  it("finds that the image is gone", async () => {
    const state = await engine.create(type, inputs);
    registry.manifests.clear();
    expect((await engine.read(type, state)).id).toBe("");
  });
});
