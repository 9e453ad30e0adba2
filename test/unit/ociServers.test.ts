/** The client against small servers of this test, for what no real registry can be made to do. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { parseChallenges } from "../../provider/oci/challenge.ts";
import { retryAfter } from "../../provider/oci/responses.ts";
import { authorityPath, serverCertificate } from "../cluster/certificates.ts";
import { clientOf, failure, manifestOf, pull, push, testBlob } from "../cluster/ociClientSupport.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const running: Server[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }
});

interface Fake {
  host: string;
  /** Method, path and credentials of each request. */
  seen: string[];
}

/** A server that answers as the handler says, on a free port. */
async function serve(handler: Handler, options: { tls?: boolean } = {}): Promise<Fake> {
  const seen: string[] = [];
  const listener: Handler = (request, response) => {
    seen.push([request.method, request.url, request.headers.authorization].filter(Boolean).join(" "));
    request.on("error", () => undefined).resume();
    handler(request, response);
  };
  const server = options.tls ? createTlsServer(serverCertificate(), listener) : createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  running.push(server);
  return { host: `localhost:${(server.address() as AddressInfo).port}`, seen };
}

/** Sends what is given for a path, without its query; 404 for any other. */
function answers(table: Record<string, Answer | ((request: IncomingMessage) => Answer)>): Handler {
  return (request, response) => {
    const found = table[`${request.method} ${request.url?.split("?")[0]}`];
    const {
      status = 200,
      headers = {},
      body = "",
    } = (typeof found === "function" ? found(request) : found) ?? {
      status: 404,
    };
    response.writeHead(status, headers).end(body);
  };
}

interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Uint8Array;
}

const ada = { username: "ada", password: "lovelace-secret" };
const basic = `Basic ${Buffer.from("ada:lovelace-secret").toString("base64")}`;

describe("lists in pages", () => {
  test("are read to their end", async () => {
    const { host } = await serve(
      answers({
        "GET /v2/acme/auth/tags/list": ({ url }) => {
          const last = new URL(url!, "http://x").searchParams.get("last");
          if (last === "b") return { body: '{"tags":["c"]}' };
          const link = '</v2/acme/auth/tags/list?last=b&n=2>; rel="next"';
          return { headers: { Link: link }, body: '{"tags":["a","b"]}' };
        },
      }),
    );
    await using bench = clientOf(host);
    expect(await bench.repository.tags(bench.call)).toEqual(["a", "b", "c"]);
  });

  test("do not lead to another host, nor go on for ever", async () => {
    const other = await serve(() => undefined);
    const page = (link: string) =>
      answers({ "GET /v2/acme/auth/tags/list": { headers: { Link: link }, body: '{"tags":["a"]}' } });
    await using away = clientOf((await serve(page(`<http://${other.host}/x>; rel="next"`))).host);
    expect(await away.repository.tags(away.call)).toEqual(["a"]);
    expect(other.seen).toEqual([]);
    await using endless = clientOf((await serve(page('</v2/acme/auth/tags/list?n=1>; rel="next"'))).host);
    expect((await failure(endless.repository.tags(endless.call))).message).toContain("more than 200 pages");
  });

  test.each(["", "[]", '{"tags":[7]}', "<html>"])("that are none are told: %j", async (body) => {
    const { host } = await serve(answers({ "GET /v2/acme/auth/tags/list": { body } }));
    await using bench = clientOf(host);
    expect(await failure(bench.repository.tags(bench.call))).toMatchObject({ code: "unsupported" });
  });
});

describe("upload locations", () => {
  const blob = testBlob(1000);

  /** A registry that wants Ada, and gives this location. */
  const uploading =
    (location: string | undefined): Handler =>
    (request, response) => {
      if (request.method === "PUT") return void request.on("end", () => response.writeHead(201).end());
      if (request.headers.authorization !== basic) {
        return void response.writeHead(401, { "WWW-Authenticate": "Basic realm=x" }).end();
      }
      if (request.method === "HEAD") return void response.writeHead(404).end();
      response.writeHead(202, location === undefined ? {} : { Location: location }).end();
    };

  test("may be relative, and keep their query as it is", async () => {
    const { host, seen } = await serve(uploading("/elsewhere/1?_state=a%2Bb==&c"));
    await using bench = clientOf(host, { registries: { [host]: ada } });
    expect(await push(bench, blob)).toBe("sent");
    expect(seen.at(-1)).toBe(
      `PUT /elsewhere/1?_state=a%2Bb==&c&digest=${encodeURIComponent(blob.blob.digest)} ${basic}`,
    );
  });

  test("at another host get the bytes, and no credentials", async () => {
    const store = await serve(
      (request, response) => void request.on("end", () => response.writeHead(201).end()),
    );
    const { host } = await serve(uploading(`http://eve:evil@${store.host}/put?signature=s`));
    await using bench = clientOf(host, { registries: { [host]: ada } });
    expect(await push(bench, blob)).toBe("sent");
    expect(store.seen).toEqual([`PUT /put?signature=s&digest=${encodeURIComponent(blob.blob.digest)}`]);
    expect(bench.log.join()).not.toContain("signature");
  });

  test.each([undefined, "javascript:alert(1)", "file:///etc/passwd", "http://"])(
    "%j is none",
    async (location) => {
      const { host } = await serve(uploading(location));
      await using bench = clientOf(host, { registries: { [host]: ada } });
      const error = await failure(push(bench, blob));
      expect(error).toMatchObject({ code: "unsupported" });
      expect(error.message).toContain("gave no address");
    },
  );

  test("in plain HTTP of a registry behind TLS stay in TLS; those of another host are refused", async () => {
    const registries = (host: string) => ({
      [host]: { ...ada, certificateAuthority: readFileSync(authorityPath, "utf8") },
    });
    const own = await serve(uploading("http://localhost:1/upload"), { tls: true });
    await using bench = clientOf(own.host, { insecure: false, registries: registries(own.host) });
    expect(await push(bench, blob)).toBe("sent");
    expect(own.seen.at(-1)).toContain("PUT /upload?digest=");
    const other = await serve(uploading("http://127.0.0.1:1/upload"), { tls: true });
    await using refused = clientOf(other.host, { insecure: false, registries: registries(other.host) });
    expect(await failure(push(refused, blob))).toMatchObject({ code: "refused" });
  });
});

test("a redirect from HTTPS to plain HTTP is not followed", async () => {
  const plain = await serve(() => undefined);
  const redirecting: Handler = (_, response) =>
    void response.writeHead(307, { Location: `http://${plain.host}/x` }).end();
  const { host } = await serve(redirecting, { tls: true });
  const registries = { [host]: { certificateAuthority: readFileSync(authorityPath, "utf8") } };
  await using bench = clientOf(host, { insecure: false, registries });
  const error = await failure(pull(bench, testBlob(10)));
  expect(error.code).toBe("refused");
  expect(error.message).toContain("plain HTTP");
  expect(plain.seen).toEqual([]);
});

describe("token services", () => {
  /** A registry that sends to a token service. */
  const sending =
    (challenge: string): Handler =>
    (request, response) => {
      if (request.headers.authorization === "Bearer good") return void response.writeHead(200).end();
      response.writeHead(401, { "WWW-Authenticate": challenge }).end();
    };
  const has = async (challenge: string) => {
    const { host } = await serve(sending(challenge));
    await using bench = clientOf(host, { registries: { [host]: ada } });
    const result = bench.repository.hasBlob(testBlob(1).blob.digest, bench.call);
    await result.catch(() => undefined);
    return result;
  };

  test("may be on another host, and get the credentials there", async () => {
    const service = await serve(answers({ "GET /token": { body: '{"access_token":"good"}' } }));
    expect(await has(`Bearer realm="http://${service.host}/token?a=b",service="the, \\"service\\""`)).toBe(
      true,
    );
    expect(service.seen).toEqual([
      `GET /token?a=b&service=the%2C+%22service%22&scope=repository%3Aacme%2Fauth%3Apull ${basic}`,
    ]);
  });

  test("of a registry that speaks HTTPS may be on another host that does, too", async () => {
    const service = await serve(answers({ "GET /token": { body: '{"token":"good"}' } }), { tls: true });
    const { host } = await serve(sending(`Bearer realm="https://${service.host}/token"`), { tls: true });
    const registries = { [host]: { ...ada, certificateAuthority: readFileSync(authorityPath, "utf8") } };
    await using bench = clientOf(host, { insecure: false, registries });
    expect(await bench.repository.hasBlob(testBlob(1).blob.digest, bench.call)).toBe(true);
    expect(service.seen).toEqual([`GET /token?scope=repository%3Aacme%2Fauth%3Apull ${basic}`]);
  });

  test.each<[string, Answer, string]>([
    ["garbage", { body: "<html>" }, "unsupported"],
    ["no token", { body: "{}" }, "unsupported"],
    ["a token that would inject a header", { body: '{"token":"a\\r\\nX-Evil: 1"}' }, "unsupported"],
    ["401", { status: 401, body: "lovelace-secret is wrong" }, "unauthorized"],
    ["403", { status: 403 }, "denied"],
    ["500", { status: 500 }, "unreachable"],
  ])("that answer %s end in an error without the password", async (_, answer, code) => {
    const service = await serve(answers({ "GET /token": answer }));
    const error = await failure(has(`Bearer realm="http://${service.host}/token"`));
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/lovelace-secret|[\r\n]/);
  });

  test.each(["ftp://localhost/token", "token", ""])("that are at %j are none", async (realm) => {
    const error = await failure(has(`Bearer realm="${realm}"`));
    expect(error).toMatchObject({ code: "unsupported" });
    expect(error.message).toContain("token service");
  });

  test("in plain HTTP get no credentials of a registry that speaks HTTPS", async () => {
    const service = await serve(() => undefined);
    const { host } = await serve(sending(`Bearer realm="http://${service.host}/token"`), { tls: true });
    const registries = { [host]: { ...ada, certificateAuthority: readFileSync(authorityPath, "utf8") } };
    await using bench = clientOf(host, { insecure: false, registries });
    const error = await failure(bench.repository.hasBlob(testBlob(1).blob.digest, bench.call));
    expect(error).toMatchObject({ code: "unsupported" });
    expect(service.seen).toEqual([]);
  });
});

describe("errors", () => {
  test("hold what the registry says, without what it was told in confidence, and nothing of a page", async () => {
    const page = await serve(
      answers({ "GET /v2/acme/auth/manifests/v1": { status: 400, body: "<html>page" } }),
    );
    await using asked = clientOf(page.host);
    expect((await failure(asked.repository.manifest("v1", asked.call))).message).not.toContain("page");
    const echo = await serve(({ headers: { authorization } }, response) => {
      const headers = { "WWW-Authenticate": "Basic realm=x" };
      if (!authorization) return void response.writeHead(401, headers).end();
      response.writeHead(400).end(`you sent ${authorization}, which is ada:lovelace-secret`);
    });
    await using bench = clientOf(echo.host, { registries: { [echo.host]: ada } });
    const { message } = await failure(bench.repository.manifest("v1", bench.call));
    expect(message).toContain("you sent Basic [secret], which is ada:[secret]");
  });

  test("of a registry that nobody started are unreachable", async () => {
    await using bench = clientOf("localhost:1");
    const error = await failure(bench.repository.manifest("v1", bench.call));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("localhost:1");
    expect(error.message).toContain("nothing listens there");
    expect(bench.waits).toHaveLength(3);
  });

  test("of a host that does not exist are unreachable at once", async () => {
    await using bench = clientOf("registry.invalid");
    expect(await failure(bench.repository.manifest("v1", bench.call))).toMatchObject({ code: "unreachable" });
  });

  test("of something that speaks no HTTP are unreachable", async () => {
    const server = (await import("node:net")).createServer((socket) => socket.end("SSH-2.0-no\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using bench = clientOf(`localhost:${(server.address() as AddressInfo).port}`);
    const error = await failure(bench.repository.manifest("v1", bench.call));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("does not speak HTTP");
    server.close();
  });

  test("come with problems of the container tools' files", async () => {
    const { host } = await serve((_, response) => void response.writeHead(401).end());
    const environment = { HOME: "/nonexistent", REGISTRY_AUTH_FILE: authorityPath };
    await using bench = clientOf(host, { environment });
    const error = await failure(bench.repository.manifest("v1", bench.call));
    expect(error).toMatchObject({ code: "unauthorized" });
    expect(error.message).toContain(`${authorityPath} cannot be read`);
  });
});

test("a wait for the next try ends when the call is cancelled", async () => {
  const cancel = new AbortController();
  const { host } = await serve((_, response) => {
    response.writeHead(429, { "Retry-After": "50" }).end();
  });
  const clock = {
    now: () => performance.now(),
    random: () => 1,
    sleep: (_: number, signal: AbortSignal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", reject);
        cancel.abort();
      }),
  };
  await using bench = clientOf(host, { clock, signal: cancel.signal });
  expect(await failure(bench.repository.manifest("v1", bench.call))).toMatchObject({ code: "cancelled" });
});

test("what takes longer than a second is reported once a second", async () => {
  const blob = testBlob(1000);
  const { host } = await serve(async (_, response) => {
    response.writeHead(200, { "Content-Length": "1000" });
    for (let part = 0; part < 10; part++) {
      response.write(blob.bytes.subarray(part * 100, part * 100 + 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
  let now = 0;
  const clock = { now: () => now, random: () => 1, sleep: async () => undefined };
  await using bench = clientOf(host, { clock });
  const write = async (chunk: Uint8Array) => {
    now += chunk.length * 5;
  };
  await bench.repository.pullBlob(blob.blob, write, bench.call);
  const reports = bench.log.filter((line) => line.startsWith("Pulling "));
  expect(reports.length).toBeGreaterThanOrEqual(1);
  expect(reports.length).toBeLessThanOrEqual(5);
  expect(reports.at(-1)).toBe(`Pulling ${host}/acme/auth: 1000 bytes of 1000 bytes`);
});

describe("manifests", () => {
  test("without a media type in their header have the one that they say", async () => {
    const { bytes, mediaType, digest } = manifestOf([]);
    const headers = { "Content-Type": "application/json; charset=utf-8" };
    const { host } = await serve(answers({ "GET /v2/acme/auth/manifests/v1": { headers, body: bytes } }));
    await using bench = clientOf(host);
    expect(await bench.repository.manifest("v1", bench.call)).toMatchObject({ mediaType, digest });
  });

  test("are resolved where HEAD is not allowed", async () => {
    const { bytes, mediaType, digest } = manifestOf([]);
    const { host } = await serve(
      answers({
        "HEAD /v2/acme/auth/manifests/v1": { status: 405 },
        "GET /v2/acme/auth/manifests/v1": { body: bytes },
      }),
    );
    await using bench = clientOf(host);
    const size = bytes.length;
    expect(await bench.repository.resolve("v1", bench.call)).toEqual({ mediaType, digest, size });
  });

  test("of which a registry has another digest than was asked for are damaged", async () => {
    const digest = digestOf(Buffer.from("other"));
    const headers = { "Docker-Content-Digest": digest, "Content-Type": "a/b", "Content-Length": "1" };
    const asked = digestOf(Buffer.from("asked"));
    const { host } = await serve(answers({ [`HEAD /v2/acme/auth/manifests/${asked}`]: { headers } }));
    await using bench = clientOf(host);
    expect(await failure(bench.repository.resolve(asked, bench.call))).toMatchObject({ code: "damaged" });
  });

  test("that refer to another one are left to a registry that lists them itself", async () => {
    const subject = { mediaType: "a/b", digest: digestOf(Buffer.from("subject")), size: 7 };
    const { bytes, mediaType, digest } = manifestOf([], { subject });
    const entry = { mediaType, digest, size: bytes.length, artifactType: "test/a" };
    const { host, seen } = await serve(
      answers({
        [`PUT /v2/acme/auth/manifests/${digest}`]: {
          status: 201,
          headers: { "OCI-Subject": subject.digest },
        },
        [`GET /v2/acme/auth/referrers/${subject.digest}`]: ({ url }) => {
          const next = `</v2/acme/auth/referrers/${subject.digest}?page=2>; rel="next"`;
          if (url!.includes("page=2")) return { body: JSON.stringify({ manifests: [entry] }) };
          return {
            headers: { Link: next },
            body: JSON.stringify({ manifests: [{ ...entry, artifactType: "b" }] }),
          };
        },
      }),
    );
    await using bench = clientOf(host);
    await bench.repository.putManifest(digest, { mediaType, bytes }, bench.call);
    expect(seen).toHaveLength(1);
    expect(await bench.repository.referrers(subject.digest, "test/a", bench.call)).toEqual([entry]);
  });
});

describe("proxies of the environment", () => {
  test("are gone through for hosts that are not this machine, and not for those of NO_PROXY", async () => {
    const { bytes, digest } = manifestOf([]);
    const target = await serve(answers({ "GET /v2/acme/auth/manifests/v1": { body: bytes } }));
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      tunnels.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      const upstream = connect(Number(target.host.split(":")[1]), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        upstream.pipe(socket).on("error", () => upstream.destroy());
        socket.pipe(upstream).on("error", () => socket.destroy());
      });
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    running.push(proxy);
    const { port } = proxy.address() as AddressInfo;
    const environment = {
      HOME: "/nonexistent",
      http_proxy: `http://user:proxy-secret@127.0.0.1:${port}`,
      NO_PROXY: "direct.invalid",
    };
    await using bench = clientOf("registry.invalid", { environment });
    expect(await bench.repository.manifest("v1", bench.call)).toMatchObject({ digest });
    const credentials = `Basic ${Buffer.from("user:proxy-secret").toString("base64")}`;
    expect(tunnels).toEqual([`registry.invalid:80 ${credentials}`]);
    expect(bench.log.join()).not.toContain("proxy-secret");
    await using direct = clientOf("direct.invalid", { environment });
    expect(await failure(direct.repository.manifest("v1", direct.call))).toMatchObject({
      code: "unreachable",
    });
    await using local = clientOf(target.host, { environment });
    expect(await local.repository.manifest("v1", local.call)).toMatchObject({ digest });
    expect(tunnels).toHaveLength(1);
  });
});

describe("headers", () => {
  test.each([
    ['Basic realm="a, b"', [{ scheme: "basic", parameters: { realm: "a, b" } }]],
    ["BASIC", [{ scheme: "basic", parameters: {} }]],
    [
      'Negotiate, Bearer realm="https://a/b?c=d" , service = "s\\"t", scope=repository:a:pull, Basic realm=x',
      [
        { scheme: "negotiate", parameters: {} },
        { scheme: "bearer", parameters: { realm: "https://a/b?c=d", service: 's"t' } },
      ],
    ],
    ["", []],
    ['"', []],
    ["a=b", []],
  ])("challenges are read: %s", (header, expected) => {
    const found = parseChallenges(header);
    expect(found.slice(0, expected.length)).toMatchObject(expected);
  });

  test("challenges may come in several headers", () => {
    expect(parseChallenges(["Basic realm=a", "Bearer realm=b"]).map(({ scheme }) => scheme)).toEqual([
      "basic",
      "bearer",
    ]);
    expect(parseChallenges(undefined)).toEqual([]);
  });

  test.each([
    ["7", 7],
    ["Mon, 23 Nov 2026 09:00:30 GMT", 30],
    ["Mon, 23 Nov 2026 08:00:00 GMT", 0],
    ["soon", undefined],
    ["-1", undefined],
  ])("Retry-After %s", (text, expected) => {
    const now = Date.parse("2026-11-23T09:00:00Z");
    expect(retryAfter({ headers: { "retry-after": text } }, now)).toBe(expected);
  });
});
