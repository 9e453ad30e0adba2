/** The client against a real registry: with and without credentials and TLS, and what it leaves there. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { authorityPath } from "./certificates.ts";
import { faultyRegistry, uploaded } from "./faultyRegistry.ts";
import {
  type Bench,
  clientOf,
  failure,
  fileOf,
  manifestOf,
  pull,
  push,
  type TestBlob,
  testBlob,
} from "./ociClientSupport.ts";
import { owner, type Registry, reader, startRegistry } from "./registry.ts";

/** An artifact of one layer, under a tag. */
async function pushArtifact(bench: Bench, tag: string, layer: TestBlob, more: object = {}) {
  const manifest = manifestOf([layer], more);
  await push(bench, layer);
  await push(bench, manifest.config);
  await bench.repository.putManifest(tag, manifest, bench.call);
  return manifest;
}

describe("a registry without authentication", () => {
  let registry: Registry;
  let bench: Bench;
  beforeAll(async () => {
    registry = await startRegistry();
    bench = clientOf(registry.host);
  });
  afterAll(async () => {
    await bench.client.close();
    await registry.stop();
  });

  test("gives back what it was given, by tag and by digest", async () => {
    const layer = testBlob(100_000);
    const { digest, mediaType, bytes } = await pushArtifact(bench, "v1", layer);
    const { repository, call } = bench;
    expect(await repository.resolve("v1", call)).toEqual({ digest, mediaType, size: bytes.length });
    expect(await repository.resolve(digest, call)).toEqual({ digest, mediaType, size: bytes.length });
    for (const reference of ["v1", digest]) {
      const found = await repository.manifest(reference, call);
      expect(found).toMatchObject({ digest, mediaType });
      expect(Buffer.from(found.bytes).equals(bytes)).toBe(true);
    }
    expect((await pull(bench, layer)).equals(layer.bytes)).toBe(true);
  });

  test("pushes and pulls an empty blob", async () => {
    const nothing = testBlob(0);
    expect(await push(bench, nothing)).toBe("sent");
    expect(await pull(bench, nothing)).toHaveLength(0);
  });

  test("is not sent what it has, also by two at once", async () => {
    await using proxy = await faultyRegistry(registry);
    await using counted = clientOf(proxy.host);
    const blob = testBlob(200_000, 2);
    const results = await Promise.all([push(counted, blob), push(counted, blob), push(counted, blob)]);
    expect(results.sort()).toEqual(["exists", "exists", "sent"]);
    expect(uploaded(proxy.requests)).toBe(blob.blob.size);
  });

  test("mounts from another repository, the first that has it, and is sent the rest", async () => {
    await using proxy = await faultyRegistry(registry);
    const blob = testBlob(50_000, 3);
    await push(bench, blob);
    await using other = clientOf(proxy.host, { name: "acme/mounted" });
    expect(await push(other, blob, ["acme/missing", "acme/auth"])).toBe("mounted");
    expect(uploaded(proxy.requests)).toBe(0);
    expect((await pull(other, blob)).equals(blob.bytes)).toBe(true);
    const unknown = testBlob(50_000, 4);
    expect(await push(other, unknown, ["acme/missing", "acme/auth"])).toBe("sent");
    // The session that the last mount began is the one that was used.
    const posts = proxy.requests.filter(({ method }) => method === "POST").map(({ path }) => path);
    expect(posts.every((path) => path.includes("mount="))).toBe(true);
  });

  test("takes a blob from a file in chunks", async () => {
    const large = testBlob(70 * 1024 ** 2, 5);
    await using file = await fileOf(large.bytes);
    expect(await bench.repository.pushBlob(large.blob, { path: file.path }, {}, bench.call)).toBe("sent");
    let size = 0;
    const count = async (chunk: Uint8Array) => {
      size += chunk.length;
    };
    await bench.repository.pullBlob(large.blob, count, bench.call);
    expect(size).toBe(large.blob.size);
    expect(bench.log.some((line) => line.startsWith("PATCH "))).toBe(true);
  });

  test("lists its tags, and none of a repository that does not exist", async () => {
    await using tagged = clientOf(registry.host, { name: "acme/tagged" });
    const manifest = await pushArtifact(tagged, "b", testBlob(10, 6));
    await tagged.repository.putManifest("a", manifest, tagged.call);
    expect((await tagged.repository.tags(tagged.call)).sort()).toEqual(["a", "b"]);
    await using none = clientOf(registry.host, { name: "acme/none" });
    expect(await none.repository.tags(none.call)).toEqual([]);
  });

  test("says what is missing", async () => {
    const { repository, call } = bench;
    const digest = digestOf(Buffer.from("missing"));
    expect(await repository.resolve("missing", call)).toBeUndefined();
    expect(await repository.hasBlob(digest, call)).toBe(false);
    const error = await failure(repository.manifest("missing", call));
    expect(error).toMatchObject({ code: "not-found", status: 404 });
    expect(error.message).toContain("manifest missing of acme/auth");
    expect(await repository.deleteManifest(digest, call)).toBe(false);
  });

  test("deletes by digest, with its tags", async () => {
    const { digest } = await pushArtifact(bench, "gone", testBlob(10, 7));
    expect(await bench.repository.deleteManifest(digest, bench.call)).toBe(true);
    expect(await bench.repository.deleteManifest(digest, bench.call)).toBe(false);
    expect(await bench.repository.resolve("gone", bench.call)).toBeUndefined();
  });

  test("lists what refers to a manifest, though it has no list itself", async () => {
    const { repository, call } = bench;
    const image = await pushArtifact(bench, "subject", testBlob(10, 8));
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
    expect(await repository.referrers(image.digest, undefined, call)).toEqual([]);
    const referrers = ["a", "b", "c", "d"].map((type, index) =>
      manifestOf([testBlob(10, 8)], {
        subject,
        artifactType: `test/${type}`,
        annotations: { index: `${index}` },
      }),
    );
    await Promise.all(referrers.map((manifest) => repository.putManifest(manifest.digest, manifest, call)));
    const [first, ...others] = referrers;
    await repository.putManifest(first!.digest, first!, call);
    const listed = await repository.referrers(image.digest, undefined, call);
    expect(listed.map(({ digest }) => digest).sort()).toEqual(referrers.map(({ digest }) => digest).sort());
    expect(await repository.referrers(image.digest, "test/b", call)).toEqual([
      {
        mediaType: image.mediaType,
        digest: referrers[1]!.digest,
        size: referrers[1]!.bytes.length,
        artifactType: "test/b",
        annotations: { index: "1" },
      },
    ]);
    expect(await repository.deleteManifest(first!.digest, call)).toBe(true);
    const left = await repository.referrers(image.digest, undefined, call);
    expect(left.map(({ digest }) => digest).sort()).toEqual(others.map(({ digest }) => digest).sort());
    for (const { digest } of others) await repository.deleteManifest(digest, call);
    expect(await repository.tags(call)).not.toContain(image.digest.replace(":", "-"));
    // And a list is begun again.
    await repository.putManifest(first!.digest, first!, call);
    expect(await repository.referrers(image.digest, undefined, call)).toHaveLength(1);
  });
});

test("a registry that does not delete says so", async () => {
  await using registry = await startRegistry({ delete: false });
  await using bench = clientOf(registry.host);
  const { digest } = await pushArtifact(bench, "stays", testBlob(10));
  const error = await failure(bench.repository.deleteManifest(digest, bench.call));
  expect(error).toMatchObject({ code: "refused", status: 405 });
  expect(error.message).toContain("does not delete");
});

describe.each(["basic", "token"] as const)("a registry with %s authentication", (authentication) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry({ authentication });
  });
  afterAll(() => registry.stop());

  const owned = () => ({ registries: { [registry.host]: registry.credentials! } });

  test("takes the credentials of the provider's configuration for all that can be done", async () => {
    await using bench = clientOf(registry.host, owned());
    const { digest } = await pushArtifact(bench, "v1", testBlob(5000));
    await using other = clientOf(registry.host, { ...owned(), name: "acme/other" });
    expect(await push(other, testBlob(5000), ["acme/auth"])).toBe("mounted");
    expect(await bench.repository.tags(bench.call)).toEqual(["v1"]);
    expect(await bench.repository.deleteManifest(digest, bench.call)).toBe(true);
    const log = [...bench.log, ...other.log].join("\n");
    expect(log).toContain("/v2/acme/auth/");
    for (const secret of secretsOf(registry)) expect(log).not.toContain(secret);
  });

  test("is not entered without credentials", async () => {
    await using bench = clientOf(registry.host);
    const error = await failure(push(bench, testBlob(10)));
    expect(error).toMatchObject({ code: "unauthorized", status: 401 });
    expect(error.message).toContain("without credentials");
    expect(error.message).toContain(`docker login ${registry.host}`);
  });

  test("is not entered with a wrong password, which no message holds", async () => {
    const registries = { [registry.host]: { username: owner.username, password: "guessed-wrong" } };
    await using bench = clientOf(registry.host, { registries });
    const error = await failure(push(bench, testBlob(10)));
    expect(error).toMatchObject({ code: "unauthorized", status: 401 });
    expect(error.message).toContain('as "owner" from registries');
    expect(`${error.message}${error.cause}${bench.log.join()}`).not.toContain("guessed-wrong");
  });
});

describe("a registry with tokens", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry({ authentication: "token" });
  });
  afterAll(() => registry.stop());

  test("gives tokens for an identity token", async () => {
    const registries = { [registry.host]: { identityToken: owner.identityToken } };
    await using bench = clientOf(registry.host, { registries });
    expect(await push(bench, testBlob(10, 1))).toBe("sent");
    expect(registry.tokens?.requests.at(-1)).toMatchObject({ grant: "refresh_token", status: 200 });
  });

  test("is asked for one token for all of a push, and for another one after it has run out", async () => {
    let now = 0;
    const clock = { now: () => now, sleep: async () => undefined, random: () => 1 };
    const registries = { [registry.host]: registry.credentials! };
    await using bench = clientOf(registry.host, { registries, clock });
    const asked = () => registry.tokens!.requests.length;
    const before = asked();
    await push(bench, testBlob(10, 2));
    await push(bench, testBlob(10, 3));
    expect(asked()).toBe(before + 1);
    now += 51_000;
    await push(bench, testBlob(10, 4));
    expect(asked()).toBe(before + 2);
  });

  test("lets whoever may only read read, and nothing else", async () => {
    await using writer = clientOf(registry.host, { registries: { [registry.host]: registry.credentials! } });
    const blob = testBlob(10, 5);
    await push(writer, blob);
    await using bench = clientOf(registry.host, { registries: { [registry.host]: reader } });
    expect(await pull(bench, blob)).toEqual(blob.bytes);
    expect(await failure(push(bench, testBlob(10, 6)))).toMatchObject({ code: "unauthorized" });
  });

  test("sends bytes where it may not read what could be mounted", async () => {
    await using proxy = await faultyRegistry(registry);
    const registries = { [proxy.host]: registry.credentials! };
    await using bench = clientOf(proxy.host, { registries });
    proxy.inject({ method: "POST", path: "mount=" }, { kind: "status", status: 403 });
    expect(await push(bench, testBlob(10, 7), ["acme/secret"])).toBe("sent");
  });

  test("a token that is refused before its time is changed for another one", async () => {
    await using proxy = await faultyRegistry(registry);
    const registries = { [proxy.host]: registry.credentials! };
    await using bench = clientOf(proxy.host, { registries });
    const blob = testBlob(1000, 8);
    await push(bench, blob);
    await pull(bench, blob);
    proxy.inject(
      { method: "GET", path: "/blobs/" },
      { kind: "headers", request: { authorization: "Bearer x" } },
    );
    expect(await pull(bench, blob)).toEqual(blob.bytes);
  });
});

describe("TLS", () => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry({ authentication: "token", tls: true });
  });
  afterAll(() => registry.stop());

  test("by a private authority is trusted where it is given", async () => {
    const certificateAuthority = await readFile(authorityPath, "utf8");
    const registries = { [registry.host]: { ...registry.credentials!, certificateAuthority } };
    await using bench = clientOf(registry.host, { insecure: false, registries });
    const blob = testBlob(100_000);
    expect(await push(bench, blob)).toBe("sent");
    expect((await pull(bench, blob)).equals(blob.bytes)).toBe(true);
  });

  test("by an unknown authority is refused, and says how to give it", async () => {
    await using bench = clientOf(registry.host, { insecure: false });
    const error = await failure(bench.repository.resolve("v1", bench.call));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain(`certificateAuthority of registries["${registry.host}"]`);
    expect(bench.waits).toEqual([]);
  });

  test("an authority that is no certificate is told", async () => {
    const registries = { [registry.host]: { certificateAuthority: "-----BEGIN NOTHING-----" } };
    await using bench = clientOf(registry.host, { insecure: false, registries });
    const error = await failure(bench.repository.resolve("v1", bench.call));
    expect(error.message).toContain("no certificate in PEM");
  });

  test("asked for in plain HTTP says to leave out insecure", async () => {
    await using bench = clientOf(registry.host);
    const error = await failure(bench.repository.manifest("v1", bench.call));
    expect(error.message).toContain("leave out insecure: true");
  });

  test("asked of a registry that speaks plain HTTP says to set insecure", async () => {
    await using plain = await startRegistry();
    await using bench = clientOf(plain.host, { insecure: false });
    const error = await failure(bench.repository.resolve("v1", bench.call));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("set insecure: true");
    expect(bench.waits).toEqual([]);
  });
});

function secretsOf({ tokens }: Registry): string[] {
  const basic = Buffer.from(`${owner.username}:${owner.password}`).toString("base64");
  return [owner.password, owner.identityToken, basic, ...(tokens?.issued ?? [])];
}
