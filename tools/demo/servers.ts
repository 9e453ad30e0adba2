/** The two servers that the quickstart's module calls: one that is granted to it, one that is not. */
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import * as z from "zod";

const portsSchema = z.object({ allowed: z.int().optional(), denied: z.int().optional() });

export interface DemoServers extends AsyncDisposable {
  allowedUrl: string;
  deniedUrl: string;
  /** How many requests the denied server has got: none, if the grant holds. */
  deniedRequests(): number;
}

/**
 * Starts both on 127.0.0.1, on the ports of the last run where they are free: then the stack's configuration stays
 * as it is, and a second run changes nothing.
 */
export async function startServers(portsFile: string): Promise<DemoServers> {
  const last = await readFile(portsFile, "utf8").then(
    (text) => portsSchema.parse(JSON.parse(text)),
    () => ({ allowed: undefined, denied: undefined }),
  );
  let deniedRequests = 0;
  const allowed = await listen(last.allowed, () => "hello from the allowed server\n");
  const denied = await listen(last.denied, () => {
    deniedRequests += 1;
    return "you should not be here\n";
  });
  const ports = { allowed: portOf(allowed), denied: portOf(denied) };
  await mkdir(dirname(portsFile), { recursive: true });
  await writeFile(portsFile, JSON.stringify(ports));
  return {
    allowedUrl: `http://127.0.0.1:${ports.allowed}`,
    deniedUrl: `http://127.0.0.1:${ports.denied}`,
    deniedRequests: () => deniedRequests,
    async [Symbol.asyncDispose]() {
      await Promise.all([close(allowed), close(denied)]);
    },
  };
}

async function listen(port: number | undefined, answer: () => string): Promise<Server> {
  const server = createServer((_request, response) => response.end(answer()));
  server.listen(port ?? 0, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    if (port === undefined || !taken) throw error;
    return listen(undefined, answer);
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  await closed;
}
