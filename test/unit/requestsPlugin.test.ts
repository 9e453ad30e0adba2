/** What is shipped of undici: enough for all that the registry client asks for, and nothing of what it does not. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { build, type Metafile } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../provider/oci/retry.ts";
import type * as transport from "../../provider/oci/transport.ts";
import { requestsPlugin } from "../../tools/build/packages.ts";
import { inRepository } from "../../tools/repository.ts";

let folder: string;
let metafile: Metafile;
let shipped: typeof transport;
let registry: Server;
let proxy: Server;
const tunnels: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wasm-requests-"));
  const outfile = join(folder, "transport.mjs");
  const built = await build({
    entryPoints: [inRepository("provider/oci/transport.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    plugins: [requestsPlugin],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    metafile: true,
  });
  metafile = built.metafile;
  shipped = (await import(pathToFileURL(outfile).href)) as typeof transport;
  registry = createServer(async (request, response) => {
    response.end(`${request.method} ${request.headers.host} ${await text(request)}`);
  });
  proxy = createServer().on("connect", (request: IncomingMessage, socket) => {
    tunnels.push(request.url ?? "");
    const upstream = connect(portOf(registry), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on("error", () => undefined);
  });
  for (const server of [registry, proxy]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
});
afterAll(async () => {
  for (const server of [registry, proxy]) server?.close().closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** @returns what the server saw of a body in two pieces */
async function put(url: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const sender = new shipped.Transport({
    insecure: true,
    timeoutSeconds: 30,
    environment,
    clock: systemClock,
  });
  async function* open() {
    yield Buffer.from("of two ");
    yield Buffer.from("pieces");
  }
  const body = { size: 13, open };
  const request = { method: "PUT", url: new URL(url), body, what: "put something" } as const;
  try {
    const response = await sender.send(request, { signal: AbortSignal.timeout(30_000) });
    return await response.body.text();
  } finally {
    await sender.close();
  }
}

test("sends and receives", async () => {
  const host = `127.0.0.1:${portOf(registry)}`;
  expect(await put(`http://${host}/v2/`, {})).toBe(`PUT ${host} of two pieces`);
});

test("goes through a proxy", async () => {
  const environment = { http_proxy: `http://127.0.0.1:${portOf(proxy)}` };
  expect(await put("http://registry.test/v2/", environment)).toBe("PUT registry.test of two pieces");
  expect(tunnels).toEqual(["registry.test:80"]);
});

test("holds no part of undici that is not asked for", () => {
  const parts = Object.entries(Object.values(metafile.outputs)[0]?.inputs ?? {})
    .filter(([path, { bytesInOutput }]) => path.includes("undici/lib/") && bytesInOutput > 500)
    .map(([path]) => path.replace(/.*undici\/lib\//, ""));
  expect(parts).toContain("dispatcher/client-h1.js");
  expect(parts.filter((part) => /^(web|mock|cache|interceptor)\/|client-h2/.test(part))).toEqual([]);
});
