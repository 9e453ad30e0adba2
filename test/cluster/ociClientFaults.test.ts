/** The client against a real registry behind a proxy that does harm. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { type FaultyRegistry, faultyRegistry } from "./faultyRegistry.ts";
import { type Bench, clientOf, failure, manifestOf, pull, push, testBlob } from "./ociClientSupport.ts";
import { type Registry, startRegistry } from "./registry.ts";

const MiB = 1024 ** 2;
let registry: Registry;
let proxy: FaultyRegistry;
let bench: Bench;
let seed = 100;

beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry.stop());
beforeEach(async () => {
  proxy = await faultyRegistry(registry);
  bench = clientOf(proxy.host, { timeoutSeconds: 0.5 });
});
afterEach(async () => {
  await bench.client.close();
  await proxy.stop();
});

/** A blob that the registry has. */
async function stored(size: number) {
  const made = testBlob(size, seed++);
  await using direct = clientOf(registry.host);
  await push(direct, made);
  return made;
}

const reads = { method: "GET", path: "/blobs/" };
const always = { times: Number.POSITIVE_INFINITY };

describe("answers that refuse", () => {
  test.each([
    [401, "unauthorized"],
    [403, "denied"],
    [404, "not-found"],
    [418, "refused"],
  ] as const)("%i is %s, and is not asked again", async (status, code) => {
    const made = await stored(1000);
    const body = JSON.stringify({
      errors: [{ code: "TEST", message: "said\u001b[31m so\nby the registry" }],
    });
    proxy.inject({ ...reads, ...always }, { kind: "status", status, body });
    const error = await failure(pull(bench, made));
    expect(error).toMatchObject({ code, status });
    expect(error.message).toContain("TEST, said [31m so by the registry");
    expect(error.message).toContain(proxy.host);
    expect(error.message).toContain("acme/auth");
    expect(proxy.requests.length).toBe(1);
  });

  test("429 is waited for as long as the registry asks, and rate-limited in the end", async () => {
    const made = await stored(1000);
    proxy.inject({ ...reads, ...always }, { kind: "status", status: 429, headers: { "Retry-After": "7" } });
    expect(await failure(pull(bench, made))).toMatchObject({ code: "rate-limited", retryAfter: 7 });
    expect(bench.waits).toHaveLength(3);
    expect(Math.min(...bench.waits)).toBeGreaterThanOrEqual(7000);
  });

  test("429 that passes is none", async () => {
    const made = await stored(1000);
    proxy.inject(reads, { kind: "status", status: 429, headers: { "Retry-After": "1" } });
    expect(await pull(bench, made)).toEqual(made.bytes);
    expect(bench.waits).toHaveLength(1);
  });

  test("429 that asks for an hour is not waited for", async () => {
    const made = await stored(1000);
    proxy.inject(
      { ...reads, ...always },
      { kind: "status", status: 429, headers: { "Retry-After": "3600" } },
    );
    expect(await failure(pull(bench, made))).toMatchObject({ code: "rate-limited", retryAfter: 3600 });
    expect(bench.waits).toEqual([]);
  });

  test.each([500, 502, 503, 504, 408])(
    "%i is unreachable after retries that wait longer and longer",
    async (status) => {
      const made = await stored(1000);
      proxy.inject({ ...reads, ...always }, { kind: "status", status });
      expect(await failure(pull(bench, made))).toMatchObject({ code: "unreachable", status });
      expect(bench.waits).toEqual([250, 500, 1000]);
    },
  );

  test("501 is not asked again", async () => {
    const made = await stored(1000);
    proxy.inject({ ...reads, ...always }, { kind: "status", status: 501 });
    expect(await failure(pull(bench, made))).toMatchObject({ code: "unreachable", status: 501 });
    expect(bench.waits).toEqual([]);
  });
});

describe("pulling", () => {
  test("goes on where the connection was cut, and receives nothing twice", async () => {
    const made = await stored(3 * MiB);
    proxy.inject({ ...reads, times: 3 }, { kind: "cutResponse", after: 700_000 });
    expect((await pull(bench, made)).equals(made.bytes)).toBe(true);
    expect(proxy.requests.map(({ status }) => status)).toEqual([200, 206, 206, 206]);
    const sent = proxy.requests.reduce((sum, request) => sum + request.sent, 0);
    expect(sent).toBeLessThan(made.blob.size + 4 * 256 * 1024);
  });

  test("reads over what it has where the registry knows no ranges", async () => {
    const made = await stored(MiB);
    proxy.inject({ ...reads, times: 2 }, { kind: "cutResponse", after: 400_000 });
    proxy.inject({ ...reads, ...always }, { kind: "headers", request: { range: undefined } });
    expect((await pull(bench, made)).equals(made.bytes)).toBe(true);
  });

  test("is damaged when the connection is always cut at the same place", async () => {
    const made = await stored(MiB);
    proxy.inject({ ...reads, times: 1 }, { kind: "cutResponse", after: 1000 });
    proxy.inject({ ...reads, ...always }, { kind: "cutResponse", after: 0 });
    const error = await failure(pull(bench, made));
    expect(error.code).toBe("damaged");
    expect(error.message).toMatch(/was cut after \d+ of 1048576 bytes/);
  });

  test.each<[string, Fault, RegExp]>([
    ["shorter than declared", { kind: "shorter", by: 10 }, /has 990 bytes where 1000 were to come/],
    ["longer than declared", { kind: "longer", by: 10 }, /has 1010 bytes where 1000 were to come/],
    ["without an end", { kind: "longer", by: Number.POSITIVE_INFINITY }, /has more than 1000 bytes/],
    ["of another digest", { kind: "otherBytes" }, /has other bytes \(sha256:/],
  ])("a body %s is damaged, at once", async (_, fault, message) => {
    const made = await stored(1000);
    proxy.inject({ ...reads, ...always }, fault);
    const error = await failure(pull(bench, made));
    expect(error.code).toBe("damaged");
    expect(error.message).toMatch(message);
    expect(proxy.requests.length).toBe(1);
  });

  test("a manifest that lies about a size is found out", async () => {
    const made = await stored(1000);
    const lie = { ...made, blob: { ...made.blob, size: 999 } };
    const error = await failure(pull(bench, lie));
    expect(error).toMatchObject({ code: "damaged" });
    expect(error.message).toContain("1000 bytes where 999");
  });

  test("credentials do not follow a redirect to another host", async () => {
    await using locked = await startRegistry({ authentication: "basic" });
    await using lockedProxy = await faultyRegistry(locked);
    const made = testBlob(1000, seed++);
    const registries = { [lockedProxy.host]: locked.credentials! };
    await using known = clientOf(lockedProxy.host, { registries });
    await push(known, made);
    lockedProxy.inject(reads, { kind: "redirect" });
    expect((await pull(known, made)).equals(made.bytes)).toBe(true);
    expect(lockedProxy.requests.at(-1)).toMatchObject({ authorization: "basic", fault: "redirect" });
    expect(lockedProxy.elsewhere.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("redirects are followed only so far", async () => {
    const made = await stored(1000);
    const to = `${proxy.url}/v2/acme/auth/blobs/${made.blob.digest}`;
    proxy.inject({ ...reads, ...always }, { kind: "redirect", to });
    const error = await failure(pull(bench, made));
    expect(error.message).toContain("more than 5 times");
    expect(proxy.requests.length).toBe(6);
  });

  test.each([
    ["before the headers", undefined],
    ["in the middle of the body", 100],
  ])("a registry that hangs %s is given up, after one more try", async (_, after) => {
    const made = await stored(1000);
    proxy.inject({ ...reads, ...always }, { kind: "hang", ...(after !== undefined && { after }) });
    const error = await failure(pull(bench, made));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("sent nothing for 0.5 s");
    expect(proxy.requests.length).toBe(2);
  });

  test("a registry that closes each second connection is read from all the same", async () => {
    const made = await stored(100_000);
    proxy.inject(always, { kind: "closeEachSecond" });
    for (let round = 0; round < 4; round++) expect((await pull(bench, made)).equals(made.bytes)).toBe(true);
    expect(proxy.requests.some(({ fault, status }) => fault && status === undefined)).toBe(true);
  });

  test("whoever waits while another one is repeated can be cancelled", async () => {
    const [one, two] = [await stored(1000), await stored(1000)];
    await using patient = clientOf(proxy.host);
    const pulling = (made: typeof one, { signal }: AbortController) =>
      failure(patient.repository.pullBlob(made.blob, async () => undefined, { signal }));
    proxy.inject({ path: one.blob.digest, times: 2 }, { kind: "close" });
    proxy.inject({ path: one.blob.digest, nth: 3 }, { kind: "hang" });
    const [first, second] = [new AbortController(), new AbortController()];
    const repeated = pulling(one, first);
    await expect.poll(() => proxy.requests.length).toBe(3);
    const waiting = pulling(two, second);
    second.abort();
    expect(await waiting).toMatchObject({ code: "cancelled" });
    expect(proxy.requests.length).toBe(3);
    first.abort();
    expect(await repeated).toMatchObject({ code: "cancelled" });
  });

  test("what the sink throws comes out as it is, without another try", async () => {
    const made = await stored(1000);
    const full = Object.assign(new Error("no space left"), { code: "ECONNRESET" });
    const pulling = bench.repository.pullBlob(made.blob, () => Promise.reject(full), bench.call);
    await expect(pulling).rejects.toBe(full);
    expect(proxy.requests.length).toBe(1);
  });

  test("ends when it is cancelled", async () => {
    const made = await stored(MiB);
    const cancel = new AbortController();
    await using cancelling = clientOf(proxy.host, { signal: cancel.signal });
    proxy.inject(reads, { kind: "hang", after: 1000 });
    const pulling = cancelling.repository.pullBlob(made.blob, async () => cancel.abort(), cancelling.call);
    expect(await failure(pulling)).toMatchObject({ code: "cancelled" });
  });
});

describe("manifests", () => {
  const manifests = { method: "GET", path: "/manifests/" };

  async function put() {
    const layer = await stored(100);
    const manifest = manifestOf([layer], { annotations: { seed: String(seed) } });
    await using direct = clientOf(registry.host);
    await push(direct, manifest.config);
    await direct.repository.putManifest("latest", manifest, direct.call);
    return manifest;
  }

  test.each(["latest", "digest"])(
    "with other bytes than their digest are damaged, asked for by %s",
    async (by) => {
      const { digest } = await put();
      const change = (json: unknown) => ({ ...(json as object), annotations: { evil: "true" } });
      proxy.inject(manifests, { kind: "rewrite", change });
      const reference = by === "digest" ? digest : by;
      expect(await failure(bench.repository.manifest(reference, bench.call))).toMatchObject({
        code: "damaged",
      });
    },
  );

  test("are resolved by reading them where HEAD tells no digest", async () => {
    const { digest, bytes, mediaType } = await put();
    proxy.inject(
      { path: "/manifests/", ...always },
      { kind: "headers", response: { "docker-content-digest": undefined } },
    );
    const expected = { digest, mediaType, size: bytes.length };
    expect(await bench.repository.resolve("latest", bench.call)).toEqual(expected);
    expect(await bench.repository.resolve("missing", bench.call)).toBeUndefined();
  });

  test("larger than 4 MiB are not read", async () => {
    await put();
    proxy.inject(manifests, { kind: "longer", by: Number.POSITIVE_INFINITY });
    expect(await failure(bench.repository.manifest("latest", bench.call))).toMatchObject({ code: "damaged" });
  });

  test("a put whose answer was lost is made again", async () => {
    const { digest, ...manifest } = await put();
    proxy.inject({ method: "PUT", path: "/manifests/" }, { kind: "cutResponse", after: 0 });
    expect(await bench.repository.putManifest("again", manifest, bench.call)).toBe(digest);
  });
});
