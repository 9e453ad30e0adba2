import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FaultyRegistry, faultyRegistry, uploaded } from "./faultyRegistry.ts";
import { owner, type Registry, startRegistry } from "./registry.ts";

const content = randomBytes(3_000_000);
const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const digest = digestOf(content);
const blobPath = `/v2/a/b/blobs/${digest}`;
const authorization = `Basic ${Buffer.from(`${owner.username}:${owner.password}`).toString("base64")}`;
const headers = { authorization };

let registry: Registry;
let proxy: FaultyRegistry;

beforeAll(async () => {
  registry = await startRegistry({ authentication: "basic" });
  await push(registry.url, "a/b", content);
});
afterAll(() => registry?.stop());
beforeEach(async () => {
  proxy = await faultyRegistry(registry);
  return () => proxy.stop();
});

describe("without a fault", () => {
  test("pushes and pulls go through, and are counted", async () => {
    const bytes = randomBytes(2_000_000);
    expect(await push(proxy.url, "a/new", bytes)).toBe(201);
    expect(same(await pulled(proxy.url), content)).toBe(true);
    expect(uploaded(proxy.requests)).toBe(bytes.length);
    const [start, put, get] = proxy.requests;
    expect(start).toMatchObject({ method: "POST", authorization: "basic", received: 0, status: 202 });
    expect(put).toMatchObject({ method: "PUT", authorization: "basic", received: 2_000_000, status: 201 });
    expect(get).toEqual({
      method: "GET",
      path: blobPath,
      authorization: "basic",
      received: 0,
      sent: content.length,
      status: 200,
    });
  });

  test("what the registry refuses before it was sent in full is counted in full", async () => {
    const refused = await fetch(`${proxy.url}/v2/a/b/blobs/uploads/`, { method: "POST", body: content });
    expect(refused.status).toBe(401);
    await expect.poll(() => uploaded(proxy.requests)).toBe(content.length);
    expect(proxy.requests[0]).not.toHaveProperty("authorization");
  });

  test("a HEAD request has the length of the body and none", async () => {
    const head = await fetch(proxy.url + blobPath, { method: "HEAD", headers });
    expect(head.headers.get("content-length")).toBe(String(content.length));
    expect(proxy.requests[0]).toMatchObject({ status: 200, sent: 0 });
  });
});

describe("which requests a fault is for", () => {
  test("is said by method, path, number and times", async () => {
    const injected = proxy.inject({ method: "GET", path: /blobs/, nth: 2, times: 2 }, status(503));
    const seen = [];
    for (const method of ["GET", "HEAD", "GET", "GET", "GET"]) {
      seen.push((await fetch(proxy.url + blobPath, { method, headers })).status);
    }
    expect(seen).toEqual([200, 200, 503, 503, 200]);
    expect(injected.hits).toBe(2);
  });

  test("is the first of several, which all count", async () => {
    proxy.inject({}, status(500));
    proxy.inject({ nth: 2 }, status(503));
    const seen = [];
    for (let i = 0; i < 3; i++) seen.push((await fetch(proxy.url + blobPath, { headers })).status);
    expect(seen).toEqual([500, 503, 200]);
  });

  test("is none when all are forgotten", async () => {
    proxy.inject({ times: Number.POSITIVE_INFINITY }, status(500));
    proxy.clear();
    expect(same(await pulled(proxy.url), content)).toBe(true);
  });
});

describe("a fault", () => {
  test("answers with a status, headers and a body", async () => {
    proxy.inject({}, { ...status(429), headers: { "retry-after": "7" }, body: "slower" });
    const response = await fetch(proxy.url + blobPath, { headers });
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("7");
    expect(await response.text()).toBe("slower");
    expect(proxy.requests[0]).toMatchObject({ fault: "status", status: 429, sent: 6 });
  });

  test("answers with a status in the middle of a push", async () => {
    proxy.inject({ method: "PUT" }, { ...status(503), after: 100_000 });
    expect(await push(proxy.url, "a/busy", content)).toBe(503);
    await expect.poll(() => uploaded(proxy.requests)).toBe(content.length);
    expect((await fetch(`${registry.url}/v2/a/busy/blobs/${digest}`, { headers })).status).toBe(404);
  });

  test("cuts a push, of which the registry keeps nothing", async () => {
    const bytes = randomBytes(3_000_000);
    proxy.inject({ method: "PUT" }, { kind: "cutRequest", after: 1_000_000 });
    await expect(push(proxy.url, "a/cut", bytes)).rejects.toThrow("fetch failed");
    expect(proxy.requests[1]).not.toHaveProperty("status");
    expect(uploaded(proxy.requests)).toBeGreaterThanOrEqual(1_000_000);
    expect(uploaded(proxy.requests)).toBeLessThan(bytes.length);
    const path = `/v2/a/cut/blobs/${digestOf(bytes)}`;
    expect((await fetch(registry.url + path, { headers })).status).toBe(404);
    expect(await push(proxy.url, "a/cut", bytes)).toBe(201);
  });

  test.each([0, 1, 1_000_000])("cuts a pull after %i bytes", async (after) => {
    proxy.inject({}, { kind: "cutResponse", after });
    const { bytes, error } = await read(await fetch(proxy.url + blobPath, { headers }));
    expect(error).toBe("terminated");
    // fetch may drop what it had not handed out when the connection ended.
    expect(bytes.length).toBeLessThanOrEqual(after);
    expect(same(bytes, content.subarray(0, bytes.length))).toBe(true);
    expect(proxy.requests[0]).toMatchObject({ fault: "cutResponse", sent: after });
  });

  test("makes a body shorter, of the length that is declared", async () => {
    proxy.inject({}, { kind: "shorter", by: 1 });
    expect(same(await pulled(proxy.url), content.subarray(0, -1))).toBe(true);
  });

  test("makes a body longer, of the length that is declared", async () => {
    proxy.inject({}, { kind: "longer", by: 100_000 });
    const longer = Buffer.concat([content, Buffer.alloc(100_000)]);
    expect(same(await pulled(proxy.url), longer)).toBe(true);
  });

  test("makes a body without an end, until the client hangs up", async () => {
    proxy.inject({}, { kind: "longer", by: Number.POSITIVE_INFINITY });
    const { body } = await fetch(proxy.url + blobPath, { headers });
    let bytes = 0;
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      if (bytes > 2 * content.length) break;
    }
    expect(bytes).toBeGreaterThan(2 * content.length);
  });

  test("changes a body's first byte", async () => {
    proxy.inject({}, { kind: "otherBytes" });
    const bytes = await pulled(proxy.url);
    expect(bytes[0]).not.toBe(content[0]);
    expect(same(bytes.subarray(1), content.subarray(1))).toBe(true);
  });

  test("rewrites JSON, and leaves its digest as it was", async () => {
    const manifest = {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [],
    };
    const url = "/v2/a/b/manifests/latest";
    const put = { method: "PUT", headers: { ...headers, "content-type": manifest.mediaType } };
    const there = await fetch(proxy.url + url, { ...put, body: JSON.stringify(manifest) });
    expect(there.status).toBe(201);
    proxy.inject(
      {},
      { kind: "rewrite", change: (json) => ({ ...(json as object), annotations: { a: "b" } }) },
    );
    const response = await fetch(proxy.url + url, { headers: { ...headers, accept: manifest.mediaType } });
    expect(await response.json()).toEqual({ ...manifest, annotations: { a: "b" } });
    expect(response.headers.get("docker-content-digest")).toBe(there.headers.get("docker-content-digest"));
  });

  test("redirects to another host, that sees who brings credentials", async () => {
    proxy.inject({ times: 2 }, { kind: "redirect" });
    const { status, headers: answered } = await fetch(proxy.url + blobPath, { headers, redirect: "manual" });
    expect(status).toBe(307);
    expect(answered.get("location")).toBe(proxy.elsewhere.url + blobPath);
    // fetch takes Authorization away where the origin changes.
    expect(same(await pulled(proxy.url), content)).toBe(true);
    expect(proxy.elsewhere.requests.map((request) => request.authorization)).toEqual([undefined]);
    await fetch(proxy.elsewhere.url + blobPath, { headers });
    expect(proxy.elsewhere.requests[1]?.authorization).toBe("basic");
  });

  test("redirects to where the test says", async () => {
    proxy.inject({}, { kind: "redirect", to: "/loop", status: 302 });
    const response = await fetch(proxy.url + blobPath, { headers, redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/loop"]);
  });

  test("hangs before an answer, until the client hangs up", async () => {
    proxy.inject({}, { kind: "hang" });
    const impatience = new AbortController();
    const answer = fetch(proxy.url + blobPath, { headers, signal: impatience.signal });
    await expect.poll(() => proxy.requests[0]?.fault).toBe("hang");
    impatience.abort();
    await expect(answer).rejects.toThrow("aborted");
    expect(same(await pulled(proxy.url), content)).toBe(true);
  });

  test("hangs in a body, until the proxy is stopped", async () => {
    proxy.inject({}, { kind: "hang", after: 1000 });
    const { body } = await fetch(proxy.url + blobPath, { headers });
    const stream = body?.values();
    const first = await stream?.next();
    expect(same(Buffer.from(first?.value ?? []), content.subarray(0, 1000))).toBe(true);
    const more = stream?.next();
    await proxy.stop();
    await expect(more).rejects.toThrow("terminated");
    proxy = await faultyRegistry(registry);
  });

  test("ends a connection without an answer", async () => {
    proxy.inject({}, { kind: "close" });
    await expect(fetch(proxy.url + blobPath, { headers })).rejects.toThrow("fetch failed");
    expect(proxy.requests[0]).toMatchObject({ fault: "close", sent: 0 });
  });

  test("ends each second connection", async () => {
    proxy.inject({ times: Number.POSITIVE_INFINITY }, { kind: "closeEachSecond" });
    const seen = [];
    for (let i = 0; i < 4; i++) {
      const answer = await fetch(proxy.url + blobPath, { method: "HEAD", headers }).catch(() => undefined);
      seen.push(answer?.status);
    }
    expect(seen).toEqual([200, undefined, 200, undefined]);
  });

  test("changes headers on both ways", async () => {
    const response = { "docker-content-digest": undefined, "x-new": "1" };
    proxy.inject({}, { kind: "headers", request: { range: undefined }, response });
    const whole = await fetch(proxy.url + blobPath, { headers: { ...headers, range: "bytes=1-2" } });
    expect(whole.status).toBe(200);
    expect(whole.headers.get("x-new")).toBe("1");
    expect(whole.headers.has("docker-content-digest")).toBe(false);
    const part = await fetch(proxy.url + blobPath, { headers: { ...headers, range: "bytes=1-2" } });
    expect(Buffer.from(await part.arrayBuffer())).toEqual(content.subarray(1, 3));
  });

  test("lets something else happen before the request goes its way", async () => {
    const bytes = randomBytes(1000);
    const path = `/v2/a/late/blobs/${digestOf(bytes)}`;
    proxy.inject({}, { kind: "before", run: () => push(registry.url, "a/late", bytes) });
    expect((await fetch(proxy.url + path, { headers })).status).toBe(200);
  });

  test("that fails itself is told as the proxy's", async () => {
    proxy.inject({}, { kind: "before", run: () => Promise.reject(new Error("no")) });
    const response = await fetch(proxy.url + blobPath, { headers });
    expect(response.status).toBe(502);
    expect(await response.text()).toBe("proxy: Error: no");
  });
});

/** Of many bytes, an assertion on each takes a second. */
function same(a: Buffer, b: Buffer): boolean {
  return a.equals(b);
}

function status(code: number) {
  return { kind: "status" as const, status: code };
}

async function push(base: string, repository: string, bytes: Buffer): Promise<number> {
  const url = `${base}/v2/${repository}/blobs/uploads/`;
  const started = await fetch(url, { method: "POST", headers });
  const location = new URL(started.headers.get("location") ?? "");
  expect(location.origin).toBe(base);
  location.searchParams.set("digest", digestOf(bytes));
  return (await fetch(location, { method: "PUT", headers, body: new Uint8Array(bytes) })).status;
}

async function pulled(base: string): Promise<Buffer> {
  const response = await fetch(base + blobPath, { headers });
  return Buffer.from(await response.arrayBuffer());
}

/** What came of a body, and how it ended. */
async function read({ body }: Response): Promise<{ bytes: Buffer; error?: string }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body ?? []) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks) };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error: (error as Error).message };
  }
}
