/**
 * A fake: a registry in this process that keeps to the OCI distribution protocol as far as Images need it, without
 * authentication and over plain HTTP. What real registries do, the cluster tier holds.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { digestOf } from "../../provider/artifacts/digest.ts";

interface Content {
  type: string;
  bytes: Buffer;
}

interface Asked {
  method: string;
  name: string;
  reference: string;
  body: Buffer;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Buffer;
}

export class MemoryRegistry {
  readonly host: string;
  /** By `name@digest`. */
  readonly blobs = new Map<string, Buffer>();
  /** By `name@digest` and `name@tag`. */
  readonly manifests = new Map<string, Content>();
  /** `PUT /v2/acme/api/manifests/v1`, as they came. */
  readonly requests: string[] = [];
  /** Requests, written as above, that it answers with 403. */
  refuse: (request: string) => boolean = () => false;

  private constructor(host: string) {
    this.host = host;
  }

  /** It does not keep the process alive. */
  static async start(): Promise<MemoryRegistry> {
    const server = createServer((request, response) => void registry.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    server.unref();
    const { port } = server.address() as AddressInfo;
    const registry = new MemoryRegistry(`127.0.0.1:${port}`);
    return registry;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET" } = request;
    const url = new URL(request.url ?? "", `http://${this.host}`);
    const line = `${method} ${url.pathname}`;
    this.requests.push(line);
    const [, name = "", kind = "", reference = ""] =
      /^\/v2\/(.+?)\/(manifests|blobs|tags|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    const asked: Asked = { method, name, reference, body: await buffer(request) };
    const answers: Record<string, () => Answer> = {
      manifests: () => this.manifest(asked, String(request.headers["content-type"])),
      blobs: () => this.blob(asked, url.searchParams.get("digest")),
      tags: () => this.tags(asked),
    };
    const {
      status,
      headers = {},
      body = Buffer.alloc(0),
    } = this.refuse(line) ? { status: 403 } : (answers[kind]?.() ?? { status: 404 });
    response.writeHead(status, { ...headers, "content-length": body.length });
    response.end(method === "HEAD" ? undefined : body);
  }

  private blob({ method, name, reference, body }: Asked, digest: string | null): Answer {
    if (method === "POST") return { status: 202, headers: { location: `/v2/${name}/blobs/uploads/one` } };
    if (method === "PUT") {
      if (digest !== digestOf(body)) return { status: 400 };
      this.blobs.set(`${name}@${digest}`, body);
      return { status: 201, headers: { location: `/v2/${name}/blobs/${digest}` } };
    }
    const blob = this.blobs.get(`${name}@${reference}`);
    if (!blob) return { status: 404 };
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body: blob };
  }

  private manifest({ method, name, reference, body }: Asked, type: string): Answer {
    if (method === "PUT") return this.put({ name, reference, content: { type, bytes: body } });
    const found = this.manifests.get(`${name}@${reference}`);
    if (!found) return { status: 404 };
    const digest = digestOf(found.bytes);
    if (method !== "DELETE") {
      const headers = { "content-type": found.type, "docker-content-digest": digest };
      return { status: 200, headers, body: found.bytes };
    }
    for (const [key, content] of this.manifests) {
      const isTagOfIt =
        reference === digest && key.startsWith(`${name}@`) && content.bytes.equals(found.bytes);
      if (key === `${name}@${reference}` || isTagOfIt) this.manifests.delete(key);
    }
    return { status: 202 };
  }

  private put({ name, reference, content }: { name: string; reference: string; content: Content }): Answer {
    const digest = digestOf(content.bytes);
    if (reference.startsWith("sha256:") && reference !== digest) return { status: 400 };
    for (const key of [reference, digest]) this.manifests.set(`${name}@${key}`, content);
    const location = `/v2/${name}/manifests/${digest}`;
    return { status: 201, headers: { location, "docker-content-digest": digest } };
  }

  private tags({ name }: Asked): Answer {
    const keys = [...this.manifests.keys()].filter((key) => key.startsWith(`${name}@`));
    const tags = keys.map((key) => key.slice(name.length + 1)).filter((tag) => !tag.startsWith("sha256:"));
    return {
      status: 200,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify({ name, tags })),
    };
  }
}
