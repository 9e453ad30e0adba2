/** The steps of sending a blob (OCI distribution specification 1.1, "Pushing blobs"), each made once. */
import type { Blob } from "./blobs.ts";
import type { Call } from "./call.ts";
import type { Ask, Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { header } from "./responses.ts";
import type { Body, Response } from "./transport.ts";

/** An upload that the registry has begun. */
export interface Session {
  location: URL;
  /** Bytes that are there. */
  offset: number;
  /** Bytes that each chunk but the last one must have at least. */
  minChunk: number;
}

export class UploadSteps {
  readonly #connection: Connection;
  readonly #repository: string;
  readonly #blob: Blob;
  readonly #call: Call;

  constructor(connection: Connection, repository: string, blob: Blob, call: Call) {
    this.#connection = connection;
    this.#repository = repository;
    this.#blob = blob;
    this.#call = call;
  }

  begin(): Promise<Session> {
    return this.#once("POST", "blobs/uploads/", [202], (response) => this.#session(response, 0));
  }

  /** From another repository of the registry. A registry that does not mount begins an upload instead, to be gone on with. */
  async mount(from: string): Promise<"mounted" | Session | undefined> {
    const target = `blobs/uploads/?mount=${this.#blob.digest}&from=${encodeURIComponent(from)}`;
    const ask: Ask = { ...this.#ask("POST", target, [201, 202]), scope: this.#scope([from]) };
    try {
      return await this.#connection.ask(ask, this.#call, (response) =>
        response.status === 201 ? ("mounted" as const) : this.#session(response, 0),
      );
    } catch (error) {
      // Whoever may not read there sends the bytes; what keeps from sending as well comes up then.
      if (error instanceof OciError && error.code !== "cancelled") return undefined;
      throw error;
    }
  }

  /** Appends to what is there. @throws OciError with status 416, or `damaged`, where the registry has another offset */
  chunk({ location, offset, minChunk }: Session, body: Body): Promise<Session> {
    const end = offset + body.size;
    const headers = {
      "content-type": "application/octet-stream",
      "content-range": `${offset}-${end - 1}`,
    };
    const ask: Ask = { ...this.#ask("PATCH", location, [202]), headers, body };
    return this.#connection.once(ask, this.#call, (response) => {
      const next = { ...this.#session(response, received(response) ?? end), minChunk };
      if (next.offset <= end) return next;
      // Some append whatever comes, also after a part of it that came before.
      throw new OciError(
        "damaged",
        `${this.#connection.registry} has ${next.offset} bytes of blob ${this.#blob.digest} where ${end} were sent. Try again; if it stays, correct the registry.`,
        { retry: "yes" },
      );
    });
  }

  /** Where the registry stands with an upload; undefined where it has lost it, or does not tell. */
  async standing({ location, minChunk }: Session): Promise<Session | undefined> {
    try {
      return await this.#once("GET", location, [204], (response) => {
        const offset = received(response);
        // More than there is to be came of appending something twice.
        return offset === undefined || offset > this.#blob.size
          ? undefined
          : { ...this.#session(response, offset, location), minChunk };
      });
    } catch (error) {
      const lost = error instanceof OciError && error.status !== undefined && error.retry === "no";
      if (lost) return undefined;
      throw error;
    }
  }

  /** Ends the upload, with all of the blob as body or with nothing after chunks. */
  finish({ location }: Session, body: Body = empty): Promise<void> {
    const target = new URL(location);
    // As text: a location may be signed as it is written.
    target.search += `${target.search ? "&" : "?"}digest=${encodeURIComponent(this.#blob.digest)}`;
    const headers = { "content-type": "application/octet-stream" };
    const ask: Ask = { ...this.#ask("PUT", target, [201, 204]), headers, body };
    return this.#connection.once(ask, this.#call, () => undefined);
  }

  /** Best effort: registries forget uploads by themselves. */
  async abandon({ location }: Session): Promise<void> {
    await this.#once("DELETE", location, [202, 204], () => undefined).catch(() => undefined);
  }

  #once<T>(method: Ask["method"], target: string | URL, expect: number[], read: (response: Response) => T) {
    return this.#connection.once(this.#ask(method, target, expect), this.#call, read);
  }

  #ask(method: Ask["method"], target: string | URL, expect: number[]): Ask {
    const what = `push blob ${this.#blob.digest} to ${this.#repository}`;
    const body = method === "POST" ? { body: empty } : {};
    return { method, target, ...body, scope: this.#scope([]), what, expect };
  }

  #scope(from: readonly string[]): Ask["scope"] {
    return { repository: this.#repository, actions: "pull,push", from };
  }

  #session(response: Response, offset: number, known?: URL): Session {
    const minimum = header(response, "oci-chunk-min-length") ?? "";
    const told = known === undefined || header(response, "location") !== undefined;
    return {
      location: told ? this.#connection.location(response, `push blobs to ${this.#repository}`) : known,
      offset,
      minChunk: /^\d{1,12}$/.test(minimum) ? Number(minimum) : 0,
    };
  }
}

/** Some servers want a length with every POST. */
const empty: Body = { size: 0, open: () => new Uint8Array() };

/** Bytes that a registry has of an upload: its `Range` names the last one. `0-0` is written for none as well. */
function received(response: Response): number | undefined {
  const range = /^(?:bytes=)?0-(\d{1,15})$/.exec(header(response, "range") ?? "");
  if (!range) return undefined;
  const last = Number(range[1]);
  return last === 0 ? 0 : last + 1;
}
