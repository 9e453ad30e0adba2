/** What a refresh of an Image finds, and the next update repairs. */
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, describe, expect, it } from "vitest";
import { Secret } from "../../provider/values.ts";
import { artifactOf, engine, folder, inputs, newKey, provideImages, registry, type } from "./imageSupport.ts";

const { DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

provideImages();

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
