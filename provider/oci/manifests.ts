import * as z from "zod";
import { type Digest, digestOf, digestSchema } from "../artifacts/digest.ts";
import type { Call } from "./call.ts";
import type { Ask, Connection } from "./connection.ts";
import { indexSchema, manifestSchema, mediaTypes } from "./descriptor.ts";
import { OciError, printable } from "./errors.ts";
import { contentLength, header, readBody } from "./responses.ts";
import type { Response } from "./transport.ts";

/** As each registry has to take them, at least (distribution specification, "Pushing manifests"). */
const maxManifestBytes = 4 * 1024 * 1024;

const accept = [
  mediaTypes.manifest,
  mediaTypes.index,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
].join(", ");

export interface Manifest {
  digest: Digest;
  /** Without parameters. */
  mediaType: string;
  /** At most 4 MiB, verified. */
  bytes: Uint8Array;
}

export interface ResolvedManifest {
  digest: Digest;
  mediaType: string;
  /** Bytes. */
  size: number;
}

/** The manifests of one repository. */
export class Manifests {
  readonly #connection: Connection;
  readonly #repository: string;

  constructor(connection: Connection, repository: string) {
    this.#connection = connection;
    this.#repository = repository;
  }

  async resolve(reference: string, call: Call): Promise<ResolvedManifest | undefined> {
    const ask = this.#read("HEAD", reference, [200, 404, 405]);
    const answer = await this.#connection.ask(ask, call, (response) => {
      if (response.status === 404) return "missing" as const;
      const digest = digestSchema.safeParse(header(response, "docker-content-digest")).data;
      const mediaType = mediaTypeOf(response);
      const size = contentLength(response);
      if (response.status !== 200 || digest === undefined || mediaType === undefined || size === undefined) {
        return "unclear" as const;
      }
      return { digest, mediaType, size };
    });
    if (answer === "missing") return undefined;
    if (answer === "unclear") return this.#resolveByReading(reference, call);
    if (isDigest(reference) && answer.digest !== reference) throw this.#mismatch(reference, answer.digest);
    return answer;
  }

  async get(reference: string, call: Call): Promise<Manifest> {
    const ask = this.#read("GET", reference, [200]);
    return this.#connection.ask(ask, call, async (response) => {
      const bytes = await readBody(response, maxManifestBytes, ask.what);
      const announced = contentLength(response);
      if (announced !== undefined && announced !== bytes.length)
        throw this.#mismatch(reference, "a part of it");
      const digest = digestOf(bytes);
      const said = digestSchema.safeParse(header(response, "docker-content-digest")).data;
      const expected = isDigest(reference) ? reference : (said ?? digest);
      if (digest !== expected) throw this.#mismatch(expected, digest);
      return { digest, mediaType: mediaTypeOf(response) ?? ownMediaType(bytes), bytes };
    });
  }

  /** Whether the registry itself will list it among the referrers of its subject. */
  async put(
    reference: string,
    { mediaType, bytes }: Pick<Manifest, "mediaType" | "bytes">,
    call: Call,
  ): Promise<{ digest: Digest; listsReferrer: boolean }> {
    const digest = digestOf(bytes);
    if (isDigest(reference) && reference !== digest) throw this.#mismatch(reference, digest);
    const ask: Ask = {
      method: "PUT",
      target: `manifests/${reference}`,
      headers: { "content-type": mediaType },
      body: { size: bytes.length, open: () => bytes },
      scope: { repository: this.#repository, actions: "pull,push" },
      what: `put manifest ${reference} into ${this.#repository}`,
      expect: [201],
    };
    return this.#connection.ask(ask, call, (response) => {
      const said = digestSchema.safeParse(header(response, "docker-content-digest")).data;
      if (said !== undefined && said !== digest) throw this.#mismatch(digest, said);
      return { digest, listsReferrer: header(response, "oci-subject") !== undefined };
    });
  }

  /** False: it was not there. */
  async delete(reference: string, call: Call): Promise<boolean> {
    const ask: Ask = {
      method: "DELETE",
      target: `manifests/${reference}`,
      scope: { repository: this.#repository, actions: "delete,pull" },
      what: `delete manifest ${reference} of ${this.#repository}`,
      expect: [200, 202, 404, 405],
    };
    return this.#connection.ask(ask, call, (response) => {
      if (response.status !== 405) return response.status !== 404;
      throw new OciError(
        "refused",
        `${this.#connection.registry} does not delete: ${reference} of ${this.#repository} stays there (405). Let its operator allow deletion, or remove it there.`,
        { status: 405 },
      );
    });
  }

  async #resolveByReading(reference: string, call: Call): Promise<ResolvedManifest | undefined> {
    try {
      const { digest, mediaType, bytes } = await this.get(reference, call);
      return { digest, mediaType, size: bytes.length };
    } catch (error) {
      if (error instanceof OciError && error.code === "not-found") return undefined;
      throw error;
    }
  }

  #read(method: "GET" | "HEAD", reference: string, expect: number[]): Ask {
    return {
      method,
      target: `manifests/${reference}`,
      headers: { accept },
      scope: { repository: this.#repository, actions: "pull" },
      what: `read manifest ${reference} of ${this.#repository}`,
      expect,
    };
  }

  #mismatch(expected: string, found: string): OciError {
    return new OciError(
      "damaged",
      `${this.#connection.registry} has other bytes than manifest ${expected} of ${this.#repository}: ${found}. Try again; if it stays, the registry or a proxy before it changes what it serves.`,
    );
  }
}

function isDigest(reference: string): reference is Digest {
  return reference.includes(":");
}

/** Nothing for what a server says of any JSON. */
function mediaTypeOf(response: Response): string | undefined {
  const type = header(response, "content-type")?.replace(/;.*$/s, "").trim().toLowerCase();
  if (!type || ["application/json", "text/plain", "application/octet-stream"].includes(type))
    return undefined;
  return printable(type, 200);
}

const ownTypeSchema = z.object({ mediaType: z.string() });

/** What a document says of itself, else what it looks like. */
function ownMediaType(bytes: Uint8Array): string {
  const document = parseJson(bytes);
  const own = ownTypeSchema.safeParse(document).data?.mediaType;
  if (own) return printable(own, 200);
  if (manifestSchema.safeParse(document).success) return mediaTypes.manifest;
  if (indexSchema.safeParse(document).success) return mediaTypes.index;
  return "application/json";
}

export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch {
    return undefined;
  }
}
