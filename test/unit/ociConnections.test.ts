/** Connections are kept for the next request, whatever was asked on them: each new one costs round trips, with TLS several. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Digest } from "../../provider/artifacts/digest.ts";
import { RegistryClient } from "../../provider/oci/client.ts";

const digest: Digest = `sha256:${"a".repeat(64)}`;
const call = { signal: AbortSignal.timeout(30_000) };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A registry that gives one answer, as text, to each request without a body. */
async function answering(answer: string) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.setEncoding("latin1").on("error", () => undefined);
    socket.on("data", (text: string) => {
      for (const _ of text.matchAll(/\r\n\r\n/g)) socket.write(answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const client = new RegistryClient({ environment: {} });
  cleanUps.push(() => client.close());
  const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { repository: client.repository({ registry, repository: "acme/api" }, { insecure: true }), sockets };
}

test("questions about blobs leave their connection to the next one", async () => {
  const { repository, sockets } = await answering("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  const questions = 10;
  for (let asked = 0; asked < questions; asked++) expect(await repository.hasBlob(digest, call)).toBe(false);
  // A second one may be opened before the first has come to rest.
  expect(sockets.length).toBeLessThanOrEqual(2);
});

test("a server that sends a body where none may be does no harm to the next request", async () => {
  const body = '{"errors":[]}';
  const { repository } = await answering(
    `HTTP/1.1 404 Not Found\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  expect(await repository.hasBlob(digest, call)).toBe(false);
  expect(await repository.hasBlob(digest, call)).toBe(false);
  expect(await repository.tags(call)).toEqual([]);
});
