/**
 * A proxy in front of a registry that does harm where a test wants it, and counts what goes through:
 *
 *   await using proxy = await faultyRegistry(registry);
 *   proxy.inject({ method: "GET", path: "/blobs/" }, { kind: "cutResponse", after: 1000 });
 *   proxy.inject({ method: "GET", path: "/blobs/", nth: 2 }, { kind: "status", status: 503 });
 *   …                                      // a client at work with proxy.host
 *   uploaded(proxy.requests)               // bytes of blobs that came, also in vain
 *
 * It speaks plain HTTP, keeps the client's Host header (so that the registry's own URLs lead back to it), and streams:
 * no blob is ever held. Of several faults for one request the first that was injected is done. `fault.ts` lists them.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { changed, type Fault, Injection, type Match } from "./fault.ts";
import { type Exchange, type RecordedRequest, relay } from "./relay.ts";

export interface FaultyRegistry {
  /** As it stands in a reference: the registry's host name, and the proxy's port. */
  host: string;
  /** `http://` and the host, without a slash at the end. */
  url: string;
  /** All requests until now, oldest first. */
  requests: readonly RecordedRequest[];
  /** The other host, that redirects lead to: it gives what the registry has, and wants no credentials. */
  elsewhere: { host: string; url: string; requests: readonly RecordedRequest[] };
  /** Does harm to the requests that fit, the next one if nothing else is said. */
  inject(match: Match, fault: Fault): { readonly hits: number };
  /** Forgets all faults. Requests that are suffering from one are not freed. */
  clear(): void;
  /** Ends the proxy and every connection to it. The registry goes on. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a proxy before a registry that speaks plain HTTP. @param upstream its URL, as of `startRegistry` */
export async function faultyRegistry(upstream: { url: string }): Promise<FaultyRegistry> {
  const injections: Injection[] = [];
  // Authorization of redirected requests, by path: who follows has the same rights without credentials.
  const granted = new Map<string, string | undefined>();
  const connections = connectionNumbers();
  const requests: RecordedRequest[] = [];
  const elsewhereRequests: RecordedRequest[] = [];

  const elsewhere = await listen("127.0.0.1", async (request, response) => {
    const record = recordOf(request, elsewhereRequests);
    const headers = changed(request.headers, { authorization: granted.get(record.path) });
    await relay({ upstream: upstream.url, request, response, record, headers, fault: undefined });
  });
  const server = await listen(new URL(upstream.url).hostname, async (request, response) => {
    const record = recordOf(request, requests);
    const fault = firstFault(injections, record);
    if (fault) record.fault = fault.kind;
    if (fault?.kind === "redirect") granted.set(record.path, request.headers.authorization);
    const exchange = { upstream: upstream.url, request, response, record, headers: request.headers, fault };
    await serve(exchange, connections(request.socket), elsewhere.url);
  });

  const stop = async () => {
    await Promise.all([server.stop(), elsewhere.stop()]);
  };
  return {
    host: server.host,
    url: server.url,
    requests,
    elsewhere: { host: elsewhere.host, url: elsewhere.url, requests: elsewhereRequests },
    inject(match, fault) {
      const injection = new Injection(match, fault);
      injections.push(injection);
      return injection;
    },
    clear: () => void injections.splice(0),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Bytes of blobs that these requests brought, whatever became of them. */
export function uploaded(requests: readonly RecordedRequest[]): number {
  const uploads = requests.filter(({ path }) => path.includes("/blobs/uploads/"));
  return uploads.reduce((sum, { received }) => sum + received, 0);
}

/** Lets every injection count the request. @returns the fault of the first one that is for it */
function firstFault(injections: readonly Injection[], { method, path }: RecordedRequest): Fault | undefined {
  const [first] = injections.filter((injection) => injection.isFor(method, path));
  if (first) first.hits += 1;
  return first?.fault;
}

/** Answers by the fault, or has the registry answer. */
async function serve(exchange: Exchange, connection: number, elsewhere: string): Promise<void> {
  const { request, response, record, headers, fault } = exchange;
  switch (fault?.kind) {
    case "status":
      await received(request, record, fault.after ?? 0);
      return answer(exchange, fault.status, fault.headers, fault.body);
    case "redirect": {
      const location = fault.to ?? `${elsewhere}${record.path}`;
      return answer(exchange, fault.status ?? 307, { location });
    }
    case "close":
      return void request.socket.destroy();
    case "closeEachSecond":
      if (connection % 2 === 0) return void request.socket.destroy();
      response.setHeader("connection", "close");
      return relay(exchange);
    case "hang":
      // Whoever waits hangs up, or the proxy is stopped.
      return fault.after === undefined ? drain(request, record) : relay(exchange);
    case "headers":
      return relay({ ...exchange, headers: changed(headers, fault.request) });
    case "before":
      await fault.run({ method: record.method, path: record.path });
      return relay(exchange);
    default:
      return relay(exchange);
  }
}

/** Gives an answer of the proxy's own. What is still to come of the request is taken, counted and dropped. */
function answer({ request, response, record }: Exchange, status: number, headers = {}, body = ""): void {
  record.status = status;
  const content = Buffer.from(body);
  record.sent += request.method === "HEAD" ? 0 : content.length;
  response.writeHead(status, { "content-length": content.length, ...headers });
  response.end(content);
  drain(request, record);
}

function drain(request: IncomingMessage, record: RecordedRequest): void {
  request.on("data", (chunk: Buffer) => {
    record.received += chunk.length;
  });
}

/** Takes a request's body until that many bytes of it have come, or all. */
async function received(request: IncomingMessage, record: RecordedRequest, bytes: number): Promise<void> {
  if (bytes === 0) return;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    record.received += (chunk as Buffer).length;
    if (record.received >= bytes) return;
  }
}

function recordOf(request: IncomingMessage, records: RecordedRequest[]): RecordedRequest {
  const authorization = request.headers.authorization?.split(" ")[0]?.toLowerCase();
  const record: RecordedRequest = {
    method: request.method ?? "",
    path: request.url ?? "",
    ...(authorization !== undefined && { authorization }),
    received: 0,
    sent: 0,
  };
  records.push(record);
  return record;
}

/** Numbers connections from 1, in the order of their first request. */
function connectionNumbers(): (socket: Socket) => number {
  const numbers = new WeakMap<Socket, number>();
  let last = 0;
  return (socket) => {
    const number = numbers.get(socket) ?? ++last;
    numbers.set(socket, number);
    return number;
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Listens on 127.0.0.1. @param hostname by which clients are to call it */
async function listen(hostname: string, handler: Handler) {
  const server: Server = createServer((request, response) => {
    // A client may hang up at any time.
    for (const stream of [request, response]) stream.on("error", () => {});
    // An error of the proxy itself: the client sees a 502 that says so, if it is not too late.
    handler(request, response).catch((error: unknown) => {
      if (response.headersSent) request.socket.destroy();
      else response.writeHead(502).end(`proxy: ${error}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `${hostname}:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { host, url: `http://${host}`, stop };
}
