import { createHash } from "node:crypto";
import type { Digest } from "../artifacts/digest.ts";
import type { Call } from "./call.ts";
import type { Ask, Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { isCut } from "./networkErrors.ts";
import { progressOf } from "./progress.ts";
import { contentLength, header } from "./responses.ts";
import type { Response } from "./transport.ts";

export interface Blob {
  digest: Digest;
  /** Bytes. */
  size: number;
}

export async function hasBlob(
  connection: Connection,
  repository: string,
  digest: Digest,
  call: Call,
): Promise<boolean> {
  return connection.ask(blobHead(repository, digest, "pull"), call, isThere);
}

/** Whether a blob is in a repository, which `isThere` reads. */
export function blobHead(repository: string, digest: Digest, actions: "pull" | "pull,push"): Ask {
  return {
    method: "HEAD",
    target: `blobs/${digest}`,
    scope: { repository, actions },
    what: `look for blob ${digest} in ${repository}`,
    expect: [200, 404],
  };
}

export function isThere({ status }: Response): boolean {
  return status === 200;
}

/** Keeps an error of the sink apart from those of the network. */
class SinkFailure extends Error {}

/** One blob on its way to a sink that takes each byte once, over as many connections as it needs. */
export class BlobPull {
  readonly #connection: Connection;
  readonly #repository: string;
  readonly #blob: Blob;
  readonly #write: (chunk: Uint8Array) => Promise<unknown>;
  readonly #call: Call;
  readonly #hash = createHash("sha256");
  readonly #progress: (done: number) => void;
  #received = 0;
  /** Some servers answer a range with what they cannot do. */
  #mayRange = true;

  constructor(
    connection: Connection,
    repository: string,
    blob: Blob,
    write: (chunk: Uint8Array) => Promise<unknown>,
    call: Call,
  ) {
    this.#connection = connection;
    this.#repository = repository;
    this.#blob = blob;
    this.#write = write;
    this.#call = call;
    const doing = `Pulling ${connection.registry}/${repository}`;
    this.#progress = progressOf(call, connection.clock, { doing, total: blob.size });
  }

  async run(): Promise<void> {
    let before = 0;
    const gained = () => {
      const more = this.#received > before;
      before = this.#received;
      return more;
    };
    await this.#connection
      .repeating(() => this.#continue(), this.#call, gained)
      .catch((error) => {
        throw error instanceof SinkFailure ? error.cause : error;
      });
    const digest = `sha256:${this.#hash.digest("hex")}`;
    if (digest !== this.#blob.digest) throw this.#damaged(`has other bytes (${digest})`);
  }

  async #continue(): Promise<void> {
    const ranged = this.#received > 0 && this.#mayRange;
    const ask: Ask = {
      method: "GET",
      target: `blobs/${this.#blob.digest}`,
      headers: ranged ? { range: `bytes=${this.#received}-${this.#blob.size - 1}` } : {},
      scope: { repository: this.#repository, actions: "pull" },
      what: `read blob ${this.#blob.digest} of ${this.#repository}`,
      expect: ranged ? [200, 206, 416] : [200],
    };
    await this.#connection.once(ask, this.#call, (response) => this.#take(response));
  }

  async #take(response: Response): Promise<void> {
    const partial = response.status === 206;
    if (response.status === 416 || (partial && !this.#isRest(response))) {
      this.#mayRange = false;
      throw this.#interrupted("does not serve the rest of a blob");
    }
    const { size } = this.#blob;
    const announced = contentLength(response);
    const expected = partial ? size - this.#received : size;
    if (announced !== undefined && announced !== expected) {
      throw this.#damaged(`has ${announced} bytes where ${expected} were to come`);
    }
    await this.#read(response, partial ? 0 : this.#received);
    if (this.#received < size) throw this.#damaged(`ends after ${this.#received} of ${size} bytes`);
  }

  /** `skip`: bytes at the beginning that the sink has. */
  async #read(response: Response, skip: number): Promise<void> {
    const body = response.body as AsyncIterable<Uint8Array>;
    try {
      for await (const whole of body) {
        const chunk = skip === 0 ? whole : whole.subarray(skip);
        skip -= whole.length - chunk.length;
        if (chunk.length === 0) continue;
        if (this.#received + chunk.length > this.#blob.size) {
          throw this.#damaged(`has more than ${this.#blob.size} bytes`);
        }
        this.#hash.update(chunk);
        this.#received += chunk.length;
        await this.#write(chunk).catch((cause) => {
          throw new SinkFailure("The sink failed.", { cause });
        });
        this.#progress(this.#received);
      }
    } catch (error) {
      if (error instanceof SinkFailure || !isCut(error)) throw error;
      if (this.#received === this.#blob.size) return;
      throw this.#interrupted(`was cut after ${this.#received} of ${this.#blob.size} bytes`, error);
    }
  }

  #isRest(response: Response): boolean {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(header(response, "content-range") ?? "");
    return range !== null && Number(range[1]) === this.#received;
  }

  /** May be made good by going on. */
  #interrupted(how: string, cause?: unknown): OciError {
    const { message } = this.#damaged(how);
    return new OciError("damaged", message, { retry: "yes", cause });
  }

  #damaged(how: string): OciError {
    return new OciError(
      "damaged",
      `Blob ${this.#blob.digest} of ${this.#connection.registry}/${this.#repository} ${how}. Try again; if it stays, push it anew.`,
    );
  }
}
