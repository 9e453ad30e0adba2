/** One exchange between a client and a registry, through a proxy that counts and does a fault's harm. */
import { once } from "node:events";
import {
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { Readable, type Writable } from "node:stream";
import { deformed, lengthOf, rewritten } from "./deform.ts";
import { changed, type Fault } from "./fault.ts";

/** One request, kept up to date while it is served. */
export interface RecordedRequest {
  method: string;
  /** With its query. */
  path: string;
  /** Scheme of the Authorization header in lower case, as `basic`; absent when no credentials came. */
  authorization?: string;
  /** Bytes of the request's body that came. */
  received: number;
  /** Bytes of the response's body that went out. */
  sent: number;
  /** Absent as long as there is no answer, and where there is none. */
  status?: number;
  /** What was done to it. */
  fault?: Fault["kind"];
}

export interface Exchange {
  /** URL of the registry. */
  upstream: string;
  request: IncomingMessage;
  response: ServerResponse;
  record: RecordedRequest;
  /** What the registry gets. */
  headers: OutgoingHttpHeaders;
  fault: Fault | undefined;
}

/** Has the registry answer, and does the fault's harm to the bodies on their way. */
export async function relay(exchange: Exchange): Promise<void> {
  const { upstream, request, response, record, headers } = exchange;
  const url = new URL(record.path, upstream);
  const onward = httpRequest(url, { method: record.method, headers, agent: false });
  onward.on("error", () => {});
  response.once("close", () => onward.destroy());
  const answered = once(onward, "response") as Promise<[IncomingMessage]>;
  const uploading = upload(exchange, onward);
  try {
    const [incoming] = await answered;
    await download(exchange, incoming);
  } catch {
    // The registry or the client is gone; so is the other side's connection then.
    request.socket.destroy();
  }
  await uploading;
}

/** Takes the request's body, and hands it on as long as the registry wants it. */
async function upload({ request, record, fault }: Exchange, onward: Writable): Promise<void> {
  const end = fault?.kind === "cutRequest" ? fault.after : Number.POSITIVE_INFINITY;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      const left = end - record.received;
      record.received += chunk.length;
      // A registry may answer, and hang up, before it has read all.
      await write(onward, chunk.subarray(0, Math.min(left, chunk.length))).catch(() => {});
      if (record.received >= end) return void request.socket.destroy();
    }
    onward.end();
  } catch {
    // The client has hung up.
    onward.destroy();
  }
}

/** Hands the registry's answer on. */
async function download({ response, record, fault }: Exchange, incoming: IncomingMessage): Promise<void> {
  const status = incoming.statusCode ?? 502;
  let body: AsyncIterable<Buffer> = incoming;
  let headers = withoutConnection(incoming.headers);
  if (fault?.kind === "headers") headers = changed(headers, fault.response);
  if (fault?.kind === "rewrite" && record.method !== "HEAD") {
    const content = await rewritten(incoming, fault.change);
    headers = { ...headers, "content-length": content.length };
    body = Readable.from([content]);
  }
  const declared = Number(headers["content-length"] ?? 0);
  const length = lengthOf(declared, fault);
  if (length === undefined) headers = changed(headers, { "content-length": undefined });
  else if (length !== declared) headers = { ...headers, "content-length": length };
  record.status = status;
  response.writeHead(status, headers);
  response.flushHeaders();
  if (record.method === "HEAD") return void response.end();
  for await (const chunk of deformed(body, declared, fault)) {
    await write(response, chunk);
    record.sent += chunk.length;
  }
  if (fault?.kind === "hang") return;
  if (fault?.kind !== "cutResponse") return void response.end();
  await write(response.socket ?? response, Buffer.alloc(0));
  response.destroy();
}

/** Headers but for those that are about one connection (RFC 9110, section 7.6.1). */
function withoutConnection(headers: IncomingMessage["headers"]): OutgoingHttpHeaders {
  return changed(headers, { connection: undefined, "keep-alive": undefined, "transfer-encoding": undefined });
}

/** Resolves when the chunk has left this process, so that nothing is lost that was counted. */
function write(stream: Writable, chunk: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error("The connection is closed."));
    stream.once("close", gone);
    stream.write(chunk, (error) => {
      stream.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
