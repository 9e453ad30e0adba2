import { type Blob, hasBlob } from "./blobs.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { progressOf } from "./progress.ts";
import { retrying } from "./retry.ts";
import { bodyOf, digestOfSource, type UploadSource } from "./uploadSource.ts";
import { type Session, UploadSteps } from "./uploads.ts";

/** Above this a cut connection costs enough for chunks, which go on where they stopped, to pay. */
const monolithicBytes = 64 * 1024 ** 2;
/** Below what proxies commonly let through in one request (100 MB). */
const firstChunkBytes = 32 * 1024 ** 2;
/** What a server finds too large is halved down to this. */
const smallestChunkBytes = 256 * 1024;
/** Each costs a request. */
const maxMounts = 3;

/** One blob on its way into a repository: nothing is sent that is there, or can be mounted. */
export class BlobPush {
  readonly #connection: Connection;
  readonly #repository: string;
  readonly #blob: Blob;
  readonly #source: UploadSource;
  readonly #call: Call;
  readonly #steps: UploadSteps;
  readonly #progress: (done: number) => void;
  #chunkBytes: number | undefined;
  #session: Session | undefined;
  /** The most that was there, in any session. */
  #furthest = 0;
  #gained = false;

  constructor(connection: Connection, repository: string, blob: Blob, source: UploadSource, call: Call) {
    this.#connection = connection;
    this.#repository = repository;
    this.#blob = blob;
    this.#source = source;
    this.#call = call;
    this.#steps = new UploadSteps(connection, repository, blob, call);
    if (blob.size > monolithicBytes) this.#chunkBytes = firstChunkBytes;
    const doing = `Pushing ${connection.registry}/${repository}`;
    this.#progress = progressOf(call, connection.clock, { doing, total: blob.size });
  }

  /** @param from repositories of the same registry that may have the blob */
  async run(from: readonly string[]): Promise<"exists" | "mounted" | "sent"> {
    if (await this.#isThere()) return "exists";
    if (await this.#mount(from)) return "mounted";
    await this.#send();
    return "sent";
  }

  #isThere(): Promise<boolean> {
    return hasBlob(this.#connection, this.#repository, this.#blob.digest, this.#call, "pull,push");
  }

  async #mount(from: readonly string[]): Promise<boolean> {
    const others = [...new Set(from)].filter((other) => other !== this.#repository).slice(0, maxMounts);
    for (const other of others) {
      const answer = await this.#steps.mount(other);
      if (answer === "mounted") return true;
      if (!answer) continue;
      if (this.#session) await this.#steps.abandon(this.#session);
      this.#session = answer;
    }
    return false;
  }

  async #send(): Promise<void> {
    let tried = false;
    const attempt = async () => {
      // An answer that was lost may have been a good one.
      if (tried && (await this.#isThere())) return;
      tried = true;
      try {
        await (this.#chunkBytes === undefined ? this.#sendWhole() : this.#sendChunks(this.#chunkBytes));
      } catch (error) {
        throw await this.#understood(error);
      }
    };
    const gained = () => {
      const result = this.#gained;
      this.#gained = false;
      return result;
    };
    await retrying(attempt, { ...this.#call, clock: this.#connection.clock, gained });
  }

  /** A session takes one body: each try has its own. */
  async #sendWhole(): Promise<void> {
    const session = this.#session ?? (await this.#steps.begin());
    this.#session = undefined;
    await this.#steps.finish(session, this.#body(0, this.#blob.size));
  }

  async #sendChunks(chunkBytes: number): Promise<void> {
    const begun = this.#session && (await this.#steps.standing(this.#session));
    let session = begun ?? (await this.#steps.begin());
    const step = Math.max(chunkBytes, session.minChunk);
    for (;;) {
      this.#session = session;
      if (session.offset > this.#furthest) {
        this.#furthest = session.offset;
        this.#gained = true;
      }
      if (session.offset === this.#blob.size) return this.#steps.finish(session);
      const end = Math.min(this.#blob.size, session.offset + step);
      session = await this.#steps.chunk(session, this.#body(session.offset, end));
    }
  }

  #body(start: number, end: number) {
    let done = start;
    return bodyOf(this.#source, start, end, (bytes) => {
      done += bytes;
      this.#progress(done);
    });
  }

  /** What a failure means for the next try. */
  async #understood(error: unknown): Promise<unknown> {
    if (!(error instanceof OciError)) return error;
    if (error.status === 413 && this.#shrink()) return again(error);
    // It has another offset than we thought: it says which one when it is asked.
    if (error.status === 416) return again(error);
    if (error.status === 400 && (await digestOfSource(this.#source)) !== this.#blob.digest) {
      return new OciError(
        "damaged",
        `The bytes to push are not those of ${this.#blob.digest} any more: they changed on this machine. Run again, and check its disk if it happens twice.`,
        { cause: error },
      );
    }
    if (error.status === 400 && /DIGEST_INVALID/.test(error.message)) {
      return new OciError("damaged", error.message, { status: 400, retry: "once", cause: error });
    }
    return error;
  }

  /** False when there is nothing smaller to try. */
  #shrink(): boolean {
    const former = Math.min(this.#chunkBytes ?? this.#blob.size, this.#blob.size);
    const least = Math.max(smallestChunkBytes, this.#session?.minChunk ?? 0);
    if (former <= least) return false;
    this.#chunkBytes = Math.max(least, Math.ceil(former / 2));
    this.#gained = true;
    return true;
  }
}

function again(error: OciError): OciError {
  return new OciError(error.code, error.message, { status: error.status, retry: "yes", cause: error });
}
