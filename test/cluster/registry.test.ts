import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { authorityPath } from "./certificates.ts";
import { owner, type Registry, reader, startRegistry } from "./registry.ts";

const content = Buffer.from("content");
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;

describe("a registry without authentication", () => {
  test("keeps what it is given, and lets it be deleted", async () => {
    await using registry = await startRegistry();
    expect(await push(registry, {})).toBe(201);
    const url = `${registry.url}/v2/a/b/blobs/${digest}`;
    expect(await (await fetch(url)).text()).toBe("content");
    expect((await fetch(url, { method: "DELETE" })).status).toBe(202);
    expect((await fetch(url)).status).toBe(404);
  });

  test("can be one that deletes nothing", async () => {
    await using registry = await startRegistry({ delete: false });
    expect(await push(registry, {})).toBe(201);
    expect((await fetch(`${registry.url}/v2/a/b/blobs/${digest}`, { method: "DELETE" })).status).toBe(405);
  });

  test("is gone when it was stopped", async () => {
    const registry = await startRegistry();
    await registry.stop();
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow("fetch failed");
  });
});

describe("a registry with basic authentication", () => {
  test("serves its owner, and nobody else", async () => {
    await using registry = await startRegistry({ authentication: "basic" });
    const challenge = await fetch(`${registry.url}/v2/`);
    expect(challenge.status).toBe(401);
    expect(challenge.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    expect(await push(registry, { authorization: basic(owner.username, "wrong") })).toBe(401);
    expect(await push(registry, { authorization: basic(owner.username, owner.password) })).toBe(201);
  });
});

describe("a registry with tokens", () => {
  test("takes a token for what its scope says, and for nothing else", async () => {
    await using registry = await startRegistry({ authentication: "token" });
    const token = (scope: string, user = owner) => askToken(registry, scope, user);
    expect((await fetch(`${registry.url}/v2/`)).headers.get("www-authenticate")).toMatch(/^Bearer realm=/);
    expect(await push(registry, await token("repository:a/b:pull,push"))).toBe(201);
    expect(await push(registry, await token("repository:a/c:pull,push"))).toBe(401);
    expect(await push(registry, await token("repository:a/b:pull,push", reader))).toBe(401);
    expect(registry.tokens?.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test("has a token service that refuses a wrong password, and takes an identity token", async () => {
    await using registry = await startRegistry({ authentication: "token" });
    const realm = registry.tokens?.realm ?? "";
    const wrong = { authorization: basic(owner.username, "wrong") };
    expect((await fetch(realm, { headers: wrong })).status).toBe(401);
    const form = { grant_type: "refresh_token", service: "registry", scope: "repository:a/b:pull,push" };
    const refresh = (refresh_token: string) =>
      fetch(realm, { method: "POST", body: new URLSearchParams({ ...form, refresh_token }) });
    expect((await refresh("wrong")).status).toBe(401);
    const { access_token } = (await (await refresh(owner.identityToken)).json()) as { access_token: string };
    expect(await push(registry, { authorization: `Bearer ${access_token}` })).toBe(201);
  });
});

describe("a registry with TLS", () => {
  test("is trusted by whoever knows its authority, and by nobody else", async () => {
    await using registry = await startRegistry({ tls: true });
    await expect(get(`${registry.url}/v2/`)).rejects.toThrow("unable to verify the first certificate");
    expect(await get(`${registry.url}/v2/`, await readFile(authorityPath, "utf8"))).toBe("{}");
  });
});

/** Sends the content to the repository `a/b`. @returns the last status */
async function push(registry: Registry, headers: Record<string, string>): Promise<number> {
  const started = await fetch(`${registry.url}/v2/a/b/blobs/uploads/`, { method: "POST", headers });
  if (started.status !== 202) return started.status;
  const location = new URL(started.headers.get("location") ?? "");
  location.searchParams.set("digest", digest);
  return (await fetch(location, { method: "PUT", headers, body: content })).status;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

async function askToken({ tokens }: Registry, scope: string, user: typeof owner) {
  const url = new URL(tokens?.realm ?? "");
  url.search = new URLSearchParams({ service: tokens?.service ?? "", scope }).toString();
  const headers = { authorization: basic(user.username, user.password) };
  const { token } = (await (await fetch(url, { headers })).json()) as { token: string };
  return { authorization: `Bearer ${token}` };
}

async function get(url: string, ca?: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request(url, { agent: false, ...(ca !== undefined && { ca }) }, (response) => {
    text(response).then(resolve, reject);
  })
    .on("error", reject)
    .end();
  return promise;
}
