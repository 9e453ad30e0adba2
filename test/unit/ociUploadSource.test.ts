/** Bodies from files, which are read into two buffers in turn: what arrives is what stands in the file, however slow the other side is. */
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { digestOf } from "../../provider/artifacts/digest.ts";
import { systemClock } from "../../provider/oci/retry.ts";
import { Transport } from "../../provider/oci/transport.ts";
import { bodyOf } from "../../provider/oci/uploadSource.ts";
import { authorityPath, serverCertificate } from "../cluster/certificates.ts";

const folder = await mkdtemp(join(tmpdir(), "wasm-upload-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Reads a few bytes in a turn of the event loop, and answers with the digest of all of them. */
async function slowly(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash("sha256");
  for await (const chunk of request) {
    hash.update(chunk as Buffer);
    await turn();
  }
  response.end(`sha256:${hash.digest("hex")}`);
}

test.each(["http", "https"] as const)("a file arrives as it is, over %s", async (scheme) => {
  // More than lies between the two sockets, and a last piece that is smaller.
  const bytes = randomFillSync(Buffer.alloc(24_000_007));
  const path = join(folder, scheme);
  await writeFile(path, bytes);
  const server = scheme === "http" ? createServer(slowly) : createTlsServer(serverCertificate(), slowly);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const options = { insecure: scheme === "http", timeoutSeconds: 30, environment: {}, clock: systemClock };
  const certificateAuthority = await readFile(authorityPath, "utf8");
  const transport = new Transport({ ...options, certificateAuthority });
  try {
    let sent = 0;
    const body = bodyOf({ path }, 0, bytes.length, (piece) => {
      sent += piece;
    });
    const url = new URL(`${scheme}://localhost:${port}/`);
    const request = { method: "PUT", url, body, what: "push something" } as const;
    const answer = await transport.send(request, { signal: AbortSignal.timeout(30_000) });
    expect(await answer.body.text()).toBe(digestOf(bytes));
    expect(sent).toBe(bytes.length);
  } finally {
    await transport.close();
    server.close();
  }
});

test("a part of a file is sent from its place", async () => {
  const path = join(folder, "part");
  await writeFile(path, "0123456789");
  const pieces = bodyOf({ path }, 3, 7, () => undefined).open() as AsyncIterable<Uint8Array>;
  let text = "";
  for await (const piece of pieces) text += Buffer.from(piece).toString();
  expect(text).toBe("3456");
});
