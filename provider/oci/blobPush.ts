import { type Blob, blobHead, isThere } from "./blobs.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";
import { OciError } from "./errors.ts";
import { progressOf } from "./progress.ts";
import { wasCut } from "./turns.ts";
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
/** Uploads that are begun anew count as gain only so often. */
const maxFruitful = 3;

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
  /**
   * What is known of the session. `told`: the registry has said where it stands. `unclear`: what was sent since may be there,
   * or a part of it. `repeatable`: cut right after it was told. Then the same is sent again without asking, since
   * what closes each second connection would close the next one after each answer.
   */
  #standing: "told" | "unclear" | "repeatable" = "told";
  /** A try in this session has failed. */
  #isDoubtful = false;
  #hasFailed = false;
  #begun = 0;
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
    if (await this.#connection.repeating(() => this.#isThere(), this.#call)) return "exists";
    if (await this.#mount(from)) return "mounted";
    await this.#connection.repeating(() => this.#attempt(), this.#call, this.#takeGain);
    return "sent";
  }

  #isThere(): Promise<boolean> {
    const ask = blobHead(this.#repository, this.#blob.digest, "pull,push");
    return this.#connection.once(ask, this.#call, isThere);
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

  /** One try, which goes on in the session of the former one where the registry still has it. */
  async #attempt(): Promise<void> {
    if (this.#standing === "unclear") {
      this.#session &&= await this.#steps.standing(this.#session);
      // An answer that was lost may have been a good one.
      if (!this.#session && (await this.#isThere())) return;
      if (this.#session) this.#enter(this.#session);
    }
    if (!this.#session) await this.#begin();
    try {
      await this.#send();
    } catch (error) {
      throw await this.#understood(error);
    }
  }

  async #begin(): Promise<void> {
    this.#enter(await this.#steps.begin());
    this.#isDoubtful = false;
    this.#begun += 1;
    this.#gained = this.#begun <= maxFruitful;
  }

  #enter(session: Session): void {
    this.#session = session;
    this.#standing = "told";
    if (session.offset <= this.#furthest) return;
    this.#furthest = session.offset;
    this.#gained = true;
  }

  /** All in one request, or what is missing in chunks. */
  async #send(): Promise<void> {
    const { size } = this.#blob;
    for (;;) {
      const session = this.#session!;
      const { offset, minChunk } = session;
      if (this.#chunkBytes === undefined && offset === 0) {
        return this.#steps.finish(session, this.#body(0, size));
      }
      if (offset === size) return this.#steps.finish(session);
      const step = Math.max(this.#chunkBytes ?? size, minChunk);
      const end = Math.min(size, offset + step);
      this.#enter(await this.#steps.chunk(session, this.#body(offset, end)));
    }
  }

  #takeGain = (): boolean => {
    const result = this.#gained;
    this.#gained = false;
    return result;
  };

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
    const isRepeatable = wasCut(error) && this.#standing === "told" && this.#hasFailed;
    this.#standing = isRepeatable ? "repeatable" : "unclear";
    const wasDoubtful = this.#isDoubtful;
    this.#isDoubtful = true;
    this.#hasFailed = true;
    if (error.status === 413 && this.#shrink()) return again(error);
    // It has another offset than we thought: it says which one when it is asked.
    if (error.status === 416) return again(error);
    if (error.retry !== "no" && error.code !== "damaged") return error;
    this.#session = undefined;
    // The session may hold more than we know of, or be over.
    if (wasDoubtful && (error.status === 400 || error.status === 404)) return again(error);
    return error.status === 400 ? this.#refused(error) : error;
  }

  /** Bytes that are not those of the digest: changed here, or on their way. */
  async #refused(error: OciError): Promise<OciError> {
    if ((await digestOfSource(this.#source)) !== this.#blob.digest) {
      return new OciError(
        "damaged",
        `The bytes to push are not those of ${this.#blob.digest} any more: they changed on this machine. Run again, and check its disk if it happens twice.`,
        { cause: error },
      );
    }
    if (!/DIGEST_INVALID/.test(error.message)) return error;
    return new OciError("damaged", error.message, { status: 400, retry: "once", cause: error });
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
