/** An Image over the protocol: what preview knows without the network, and what the state says of what the registry has. */
import { status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import { afterEach, describe, expect, it } from "vitest";
import { unknown } from "../../provider/schema/fields.ts";
import { type Properties, Secret } from "../../provider/values.ts";
import { artifactOf, engine, folder, inputs, newKey, provideImages, registry, type } from "./imageSupport.ts";

const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;

provideImages();

describe("preview", () => {
  it("knows the reference before anything is pushed, and asks no registry", async () => {
    const wanted = { ...inputs, tags: ["1.0"], pullRepository: "registry.internal/acme/api" };
    const planned = await engine.create(type, wanted, { preview: true });
    expect(registry.requests).toEqual([]);
    const { outputs } = await engine.create(type, wanted);
    expect(outputs).toEqual(planned.outputs);
    expect(outputs.ref).toBe(`registry.internal/acme/api@${String(outputs.digest)}`);
    expect(outputs.tagDigests).toEqual({ "1.0": outputs.digest });
  });

  it("knows the digest although the repository is not known", async () => {
    const known = await engine.create(type, inputs, { preview: true });
    const { outputs } = await engine.create(type, { ...inputs, repository: unknown }, { preview: true });
    expect(outputs).toMatchObject({ digest: known.outputs.digest, ref: unknown });
  });

  it("says that bytes cannot be had", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const wanted = { ...inputs, artifact: { digest, kind: "component", recipe: digest } };
    await expect(engine.create(type, wanted, { preview: true })).rejects.toThrow(
      /artifact: The bytes of sha256:0+ are not in this machine's cache/,
    );
  });
});

describe("Check", () => {
  const failuresOf = async (more: Properties) => (await engine.check(type, { ...inputs, ...more })).failures;

  it.each([
    [{ repository: "acme/api" }, "repository", "does not begin with the host of a registry"],
    [{ repository: "localhost:5000/acme/api:1.0" }, "repository", "is a tag; leave it out here"],
    [{ pullRepository: "localhost:5000/Acme" }, "pullRepository", "upper-case"],
    [{ tags: ["1.0", ".hidden"] }, "tags[1]", "is not a tag"],
    [{ tags: ["1.0", "latest", "1.0"] }, "tags[2]", '"1.0" is in the list twice'],
    [{ tags: ["1.0", null] }, "tags[1]", "expected a string, got null"],
    [{ tags: [`sha256-${"ab".repeat(32)}`] }, "tags[0]", "registries keep for signatures"],
    [{ annotations: { "": "x" } }, "annotations", "an annotation has no name"],
    [{ annotations: { a: 1 } }, "annotations.a", "expected a string, got a number"],
    [{ keep: -1 }, "keep", "must be at least 0"],
    [{ format: "docker" }, "format", 'expected "wasm"'],
    [
      { artifact: { digest: `sha256:${"0".repeat(64)}`, kind: "core", recipe: "by hand" } },
      "artifact.recipe",
      "does not know the recipe",
    ],
  ])("refuses %j", async (more, property, reason) => {
    expect(await failuresOf(more)).toEqual([{ property, reason: expect.stringContaining(reason) }]);
  });

  it("refuses a secret that everybody could read in the registry", async () => {
    const [failure, ...others] = await failuresOf({ annotations: { token: new Secret("hunter2") } });
    expect(others).toEqual([]);
    expect(failure?.reason).toContain("is secret; what goes into an artifact");
    expect(JSON.stringify(failure)).not.toContain("hunter2");
  });

  it("says that a key cannot sign, without showing it", async () => {
    await engine.configure({ cacheDirectory: folder, signingKey: new Secret("no key at all") });
    const failure = await failuresOf({}).catch((error: Error) => error.message);
    expect(failure).toMatch(/`wasm:signingKey` is not a key in PEM/);
    expect(failure).not.toContain("no key at all");
    await engine.configure({ cacheDirectory: folder });
  });

  it("lets one Image of a program have a tag, and not two", async () => {
    await engine.configure({ cacheDirectory: folder });
    const wanted = { ...inputs, tags: ["1.0", "latest"] };
    expect((await engine.check(type, wanted)).failures).toEqual([]);
    expect((await engine.check(type, wanted)).failures).toEqual([]);
    const second = await engine.check(type, { ...inputs, tags: ["2.0", "latest"] }, undefined, "b");
    expect(second.failures).toEqual([
      {
        property: "tags[1]",
        reason: expect.stringContaining("the Image it of this program sets the tag latest"),
      },
    ]);
  });
});

describe("Diff", () => {
  it("sees no change in another recipe of the same bytes", async () => {
    const state = await engine.create(type, inputs);
    const artifact = { ...artifactOf("client"), recipe: "{}" };
    expect(await engine.diff(type, state, { ...inputs, artifact })).toMatchObject({ changes: DIFF_NONE });
    const other = await engine.diff(type, state, { ...inputs, artifact: artifactOf("echo") });
    expect(other).toMatchObject({ changes: DIFF_SOME, replaces: [] });
  });

  it("replaces the Image where it goes to another repository", async () => {
    const state = await engine.create(type, inputs);
    const { replaces } = await engine.diff(type, state, { ...inputs, repository: `${registry.host}/acme/b` });
    expect(replaces).toEqual(["repository"]);
  });
});

describe("keep", () => {
  it("remembers earlier images with the tags that were left on them, and deletes what is beyond", async () => {
    const at = (name: "client" | "echo", tags: string[], revision: string): Properties => {
      return { ...inputs, artifact: artifactOf(name), tags, annotations: { revision }, keep: 1 };
    };
    const one = await engine.create(type, at("client", ["1", "latest"], "a"));
    const two = await engine.update(type, one, at("echo", ["2", "latest"], "b"));
    expect(two.outputs.earlier).toEqual([{ digest: one.outputs.digest, tags: ["1"] }]);
    const three = await engine.update(type, two, at("client", ["3", "latest"], "c"));
    expect(three.outputs.earlier).toEqual([{ digest: two.outputs.digest, tags: ["2"] }]);
    expect(registry.manifests.has(`acme/api@${String(one.outputs.digest)}`)).toBe(false);
    expect(registry.manifests.has("acme/api@1")).toBe(false);
    // Back to the second: it is no earlier one any more, and the tag that it still has is this Image's.
    const back = await engine.update(type, three, at("echo", ["latest"], "b"));
    expect(back.outputs).toMatchObject({
      digest: two.outputs.digest,
      tagDigests: { "2": two.outputs.digest, latest: two.outputs.digest },
      earlier: [{ digest: three.outputs.digest, tags: ["3"] }],
    });
  });

  it("deletes nothing without it", async () => {
    const one = await engine.create(type, inputs);
    const two = await engine.update(type, one, { ...inputs, artifact: artifactOf("echo") });
    await engine.update(type, two, { ...inputs, annotations: { a: "b" } });
    expect(registry.requests.filter((line) => line.startsWith("DELETE"))).toEqual([]);
  });

  it("leaves an image that somebody else's tag names, and takes its own tags off", async () => {
    const one = await engine.create(type, { ...inputs, tags: ["1"], keep: 0 });
    const content = registry.manifests.get("acme/api@1");
    if (content) registry.manifests.set("acme/api@stable", content);
    const two = await engine.update(type, one, {
      ...inputs,
      artifact: artifactOf("echo"),
      tags: ["2"],
      keep: 0,
    });
    expect(two.outputs.earlier).toEqual([]);
    expect(registry.manifests.get("acme/api@stable")).toBe(content);
    expect(registry.manifests.has(`acme/api@${String(one.outputs.digest)}`)).toBe(true);
    expect(registry.manifests.has("acme/api@1")).toBe(false);
  });
});

describe("Delete", () => {
  it("asks no registry unless it is told to", async () => {
    const state = await engine.create(type, inputs);
    registry.requests.splice(0);
    await engine.delete(type, state);
    expect(registry.requests).toEqual([]);
  });

  it("deletes the image, those before it and what refers to them, where it is told to", async () => {
    const wanted = { ...inputs, tags: ["1"], deleteOnDestroy: true };
    const one = await engine.create(type, wanted);
    const state = await engine.update(type, one, { ...wanted, artifact: artifactOf("echo") });
    await engine.delete(type, state);
    for (const { outputs } of [one, state]) {
      expect(registry.manifests.has(`acme/api@${String(outputs.digest)}`)).toBe(false);
    }
    expect([...registry.manifests.keys()].filter((key) => !key.includes("@sha256:"))).toEqual([]);
    const referring = [...registry.manifests.values()].filter(({ bytes }) => bytes.includes('"subject"'));
    expect(referring).toEqual([]);
    // Once more, for a run that was cut off: what is gone is gone.
    await engine.delete(type, state);
  });
});

describe("a key", () => {
  const configure = (key: string) =>
    engine.configure({ cacheDirectory: folder, signingKey: new Secret(key) });
  afterEach(() => engine.configure({ cacheDirectory: folder }));

  it("signs an Image that is there already; another key signs it anew, and the first one stays", async () => {
    const unsigned = await engine.create(type, inputs);
    expect(unsigned.outputs).toMatchObject({ attested: true });
    expect(unsigned.outputs).not.toHaveProperty("signedBy");
    const referrers = () =>
      [...registry.manifests.values()].filter(({ bytes }) =>
        bytes.includes('"artifactType":"application/vnd.dev.sigstore'),
      );
    expect(referrers()).toEqual([]);

    await configure(newKey());
    expect(await engine.diff(type, unsigned, inputs)).toMatchObject({ diffs: ["signedBy"] });
    const planned = await engine.update(type, unsigned, inputs, { preview: true });
    const signed = await engine.update(type, unsigned, inputs);
    expect(signed.outputs).toEqual(planned.outputs);
    expect(signed.outputs.digest).toBe(unsigned.outputs.digest);
    expect(referrers().length).toBeGreaterThan(0);
    expect(await engine.diff(type, signed, inputs)).toMatchObject({ changes: DIFF_NONE });

    await configure(newKey());
    expect(await engine.diff(type, signed, inputs)).toMatchObject({ diffs: ["signedBy"] });
    const again = await engine.update(type, signed, inputs);
    expect(again.outputs.signedBy).not.toBe(signed.outputs.signedBy);
    // Without a key, nothing is taken away and nothing is planned.
    await engine.configure({ cacheDirectory: folder });
    expect(await engine.diff(type, again, inputs)).toMatchObject({ changes: DIFF_NONE });
  });
});

describe("a failure after the manifest is there", () => {
  it("keeps what is known, and the next update goes on from there", async () => {
    registry.refuse = (line) => line === "PUT /v2/acme/api/manifests/latest";
    const wanted = { ...inputs, tags: ["1.0", "latest"] };
    const error = await engine.create(type, wanted).then(
      () => undefined,
      (failure: Error & { code: status }) => failure,
    );
    expect(error?.code).toBe(status.FAILED_PRECONDITION);
    expect(error?.message).toContain("is in the registry, but not with all that belongs to it");
    expect(registry.manifests.has("acme/api@1.0")).toBe(true);
  });
});
