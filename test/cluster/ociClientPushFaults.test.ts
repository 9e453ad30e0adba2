/** Blobs that the client pushes to a real registry behind a proxy that does harm. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { type FaultyRegistry, faultyRegistry, uploaded } from "./faultyRegistry.ts";
import { type Bench, clientOf, failure, fileOf, pull, push, testBlob } from "./ociClientSupport.ts";
import { type Registry, startRegistry } from "./registry.ts";

const MiB = 1024 ** 2;
let registry: Registry;
let proxy: FaultyRegistry;
let bench: Bench;
let seed = 500;

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

async function isStored(made: ReturnType<typeof testBlob>): Promise<boolean> {
  await using direct = clientOf(registry.host);
  return (await pull(direct, made)).equals(made.bytes);
}

const always = { times: Number.POSITIVE_INFINITY };

describe("pushing", () => {
  const puts = { method: "PUT", path: "/blobs/uploads/" };
  const patches = { method: "PATCH", path: "/blobs/uploads/" };

  test.each<[string, Fault]>([
    ["a 503 in the middle", { kind: "status", status: 503, after: 100_000 }],
    ["a cut connection", { kind: "cutRequest", after: 100_000 }],
    ["a closed connection", { kind: "close" }],
  ])("is repeated after %s", async (_, fault) => {
    const made = testBlob(MiB, seed++);
    proxy.inject(puts, fault);
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
    expect(bench.waits).not.toEqual([]);
  });

  test("sends nothing again when only the answer was lost", async () => {
    const made = testBlob(MiB, seed++);
    proxy.inject(puts, { kind: "cutResponse", after: 0 });
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
  });

  test("goes over to chunks where a blob is too large for one request, and halves them as long as they are", async () => {
    const made = testBlob(3 * MiB, seed++);
    await using file = await fileOf(made.bytes);
    const tooLarge: Fault = { kind: "status", status: 413 };
    proxy.inject(puts, tooLarge);
    proxy.inject({ ...patches, times: 2 }, tooLarge);
    expect(await bench.repository.pushBlob(made.blob, { path: file.path }, {}, bench.call)).toBe("sent");
    expect(await isStored(made)).toBe(true);
    const received = proxy.requests.filter(({ method, status }) => method === "PATCH" && status === 202);
    expect(Math.max(...received.map((request) => request.received))).toBe((3 * MiB) / 8);
  });

  test("gives up where the smallest chunk is too large", async () => {
    const made = testBlob(3 * MiB, seed++);
    proxy.inject({ path: "/blobs/uploads/", ...always, method: "PUT" }, { kind: "status", status: 413 });
    proxy.inject({ ...patches, ...always }, { kind: "status", status: 413 });
    expect(await failure(push(bench, made))).toMatchObject({ code: "refused", status: 413 });
  });

  test("chunks are at least as large as the registry wants them", async () => {
    const made = testBlob(3 * MiB, seed++);
    proxy.inject(puts, { kind: "status", status: 413 });
    const least = String(2 * MiB);
    proxy.inject(
      { method: "POST", ...always },
      { kind: "headers", response: { "oci-chunk-min-length": least } },
    );
    expect(await push(bench, made)).toBe("sent");
    const received = proxy.requests
      .filter(({ method }) => method === "PATCH")
      .map((request) => request.received);
    expect(received).toEqual([2 * MiB, MiB]);
  });

  test.each<[string, Fault]>([
    ["a cut connection", { kind: "cutRequest", after: 300_000 }],
    ["a 500", { kind: "status", status: 500, after: 300_000 }],
    ["a lost answer", { kind: "cutResponse", after: 0 }],
  ])("chunks go on from where the registry stands after %s", async (_, fault) => {
    const made = testBlob(4 * MiB, seed++);
    proxy.inject(puts, { kind: "status", status: 413 });
    proxy.inject({ ...patches, nth: 2 }, fault);
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
    // The first chunk was not sent again.
    const first = proxy.requests.filter(
      ({ method, path }) => method === "PATCH" && path.includes("/uploads/"),
    );
    expect(uploaded(first)).toBeLessThan(made.blob.size + 2 * MiB + 300_000);
  });

  test("goes on in the same upload after a cut connection, with what the registry has not got", async () => {
    const made = testBlob(4 * MiB, seed++);
    proxy.inject(puts, { kind: "cutRequest", after: 3 * MiB });
    const noticed = () => registry.log.filter((line) => line.includes("client disconnected during")).length;
    const before = noticed();
    const run = () => expect.poll(noticed).toBeGreaterThan(before);
    proxy.inject({ method: "GET", path: "/blobs/uploads/" }, { kind: "before", run });
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
    expect(proxy.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
    expect(uploaded(proxy.requests)).toBeLessThan(5 * MiB);
  });

  test.each([
    ["in one request", false],
    ["in chunks", true],
  ])("a registry that closes each second connection gets a blob %s", async (_, chunked) => {
    const made = testBlob(2 * MiB, seed++);
    if (chunked) proxy.inject(puts, { kind: "status", status: 413 });
    proxy.inject({ path: "/blobs/", ...always }, { kind: "closeEachSecond" });
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
    const begun = proxy.requests.filter(({ method, status }) => method === "POST" && status === 202);
    expect(begun).toHaveLength(1);
  });

  test("a registry that closes each second connection gets blobs that are pushed at the same time", async () => {
    const blobs = Array.from({ length: 6 }, () => testBlob(MiB / 2, seed++));
    proxy.inject(always, { kind: "closeEachSecond" });
    const outcomes = await Promise.all(blobs.map((made) => push(bench, made)));
    expect(outcomes).toEqual(blobs.map(() => "sent"));
    for (const made of blobs) expect(await isStored(made)).toBe(true);
  });

  test("what was sent again without need begins anew", async () => {
    const made = testBlob(2 * MiB, seed++);
    // Cut, asked, cut in the middle, and then all of it once more after the part that came.
    proxy.inject(puts, { kind: "close" });
    proxy.inject({ ...puts, nth: 2 }, { kind: "cutRequest", after: MiB });
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
  });

  test("an upload that the registry has forgotten begins anew", async () => {
    const made = testBlob(4 * MiB, seed++);
    proxy.inject(puts, { kind: "status", status: 413 });
    proxy.inject({ ...patches, nth: 2 }, { kind: "close" });
    proxy.inject({ method: "GET", path: "/blobs/uploads/" }, { kind: "status", status: 404 });
    expect(await push(bench, made)).toBe("sent");
    expect(await isStored(made)).toBe(true);
  });

  test("is unreachable when the registry fails in the middle each time, and no blob is there", async () => {
    const made = testBlob(MiB, seed++);
    proxy.inject({ ...puts, ...always }, { kind: "status", status: 500, after: 100_000 });
    expect(await failure(push(bench, made))).toMatchObject({ code: "unreachable", status: 500 });
    expect(await bench.repository.hasBlob(made.blob.digest, bench.call)).toBe(false);
  });

  test("tells bytes that changed on this machine from those that changed on their way", async () => {
    const made = testBlob(1000, seed++);
    const others = { ...made, bytes: testBlob(1000, seed++).bytes };
    expect((await failure(push(bench, others))).message).toContain("they changed on this machine");
    const short = { ...made, bytes: made.bytes.subarray(0, 900) };
    expect((await failure(push(bench, short))).message).toContain("fewer bytes");
    expect(
      await failure(bench.repository.pushBlob(made.blob, { path: "/nonexistent" }, {}, bench.call)),
    ).toMatchObject({ code: "damaged" });
  });

  test("a registry that hangs is given up", async () => {
    const made = testBlob(1000, seed++);
    proxy.inject({ ...puts, ...always }, { kind: "hang" });
    expect(await failure(push(bench, made))).toMatchObject({ code: "unreachable" });
  });
});
