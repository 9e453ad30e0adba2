import * as z from "zod";
import type { Digest } from "../artifacts/digest.ts";
import { BlobPush } from "./blobPush.ts";
import { type Blob, BlobPull, hasBlob } from "./blobs.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";
import type { Descriptor } from "./descriptor.ts";
import { OciError } from "./errors.ts";
import { type Manifest, Manifests, type ResolvedManifest } from "./manifests.ts";
import { pagesOf } from "./pages.ts";
import type { RepositoryName } from "./reference.ts";
import { Referrers, subjectOf } from "./referrers.ts";
import type { UploadSource } from "./uploadSource.ts";

export type { Manifest } from "./manifests.ts";

const tagsSchema = z.object({ tags: z.array(z.string()).nullish() });

/**
 * One repository of a registry. Each call may throw OciError of any code; requests are repeated where that may help, each
 * with a time limit. A `reference` is a tag or a digest.
 */
export class Repository {
  readonly registry: string;
  readonly repository: string;
  readonly #connection: Connection;
  readonly #manifests: Manifests;
  readonly #referrers: Referrers;
  readonly #exclusively: <T>(key: string, task: () => Promise<T>) => Promise<T>;

  constructor(
    name: RepositoryName,
    connection: Connection,
    exclusively: <T>(key: string, task: () => Promise<T>) => Promise<T>,
  ) {
    this.registry = name.registry;
    this.repository = name.repository;
    this.#connection = connection;
    this.#manifests = new Manifests(connection, name.repository);
    this.#referrers = new Referrers(connection, name.repository, this.#manifests);
    this.#exclusively = exclusively;
  }

  /** What a reference names now; undefined where it names nothing. */
  resolve(reference: string, call: Call): Promise<ResolvedManifest | undefined> {
    return this.#manifests.resolve(reference, call);
  }

  manifest(reference: string, call: Call): Promise<Manifest> {
    return this.#manifests.get(reference, call);
  }

  /** Put it last: whoever reads it expects all that it names. With a `subject`, it is among that one's referrers afterwards. */
  async putManifest(
    reference: string,
    manifest: { mediaType: string; bytes: Uint8Array },
    call: Call,
  ): Promise<Digest> {
    const { digest, listsReferrer } = await this.#manifests.put(reference, manifest, call);
    const subject = listsReferrer ? undefined : subjectOf(manifest.bytes);
    if (subject !== undefined) {
      await this.#exclusively(`${this.repository} ${subject}`, () =>
        this.#referrers.enter({ ...manifest, digest }, call),
      );
    }
    return digest;
  }

  /**
   * Deletes a manifest by digest, with all of its tags, or a tag where the registry can. False: it was not there.
   *
   * @throws OciError `refused` where the registry does not delete
   */
  async deleteManifest(reference: string, call: Call): Promise<boolean> {
    const found = await this.#found(reference, call);
    const subject = found && subjectOf(found.bytes);
    const deleted = await this.#manifests.delete(reference, call);
    if (found && subject !== undefined) {
      await this.#exclusively(`${this.repository} ${subject}`, () => this.#referrers.remove(found, call));
    }
    return deleted;
  }

  /** In the registry's order; none for a repository that does not exist. */
  async tags(call: Call): Promise<string[]> {
    const what = `list the tags of ${this.repository}`;
    const tags: string[] = [];
    const { repository } = this;
    const accept = "application/json";
    for await (const page of pagesOf(this.#connection, "tags/list?n=1000", {
      repository,
      what,
      accept,
      call,
    })) {
      if (page === undefined) return [];
      const parsed = tagsSchema.safeParse(page);
      if (!parsed.success) {
        throw new OciError(
          "unsupported",
          `${this.registry} answered with something else than tags to ${what}.`,
        );
      }
      tags.push(...(parsed.data.tags ?? []));
    }
    return tags;
  }

  /** Manifests whose `subject` is this one, of any type or of one. */
  referrers(digest: Digest, artifactType: string | undefined, call: Call): Promise<Descriptor[]> {
    return this.#referrers.list(digest, artifactType, call);
  }

  hasBlob(digest: Digest, call: Call): Promise<boolean> {
    return hasBlob(this.#connection, this.repository, digest, call);
  }

  /**
   * Streams a blob into a sink, which takes each chunk once, in order and for good. A cut connection is gone on from where
   * it was. Digest and size are verified before it resolves: what the sink got is not to be trusted earlier.
   */
  pullBlob(blob: Blob, write: (chunk: Uint8Array) => Promise<unknown>, call: Call): Promise<void> {
    return new BlobPull(this.#connection, this.repository, blob, write, call).run();
  }

  /**
   * Sends a blob, unless it is there or can be mounted.
   *
   * @param options.from repositories of the same registry that may have it, the likeliest first
   */
  pushBlob(
    blob: Blob,
    source: UploadSource,
    options: { from?: readonly string[] },
    call: Call,
  ): Promise<"exists" | "mounted" | "sent"> {
    // Whoever pushes the same at the same time finds it there.
    return this.#exclusively(`${this.repository} ${blob.digest}`, () =>
      new BlobPush(this.#connection, this.repository, blob, source, call).run(options.from ?? []),
    );
  }

  /** The manifest that is about to go; undefined where it is gone, or is none that could have a subject. */
  async #found(reference: string, call: Call): Promise<Manifest | undefined> {
    if (!reference.includes(":")) return undefined;
    try {
      return await this.#manifests.get(reference, call);
    } catch (error) {
      if (error instanceof OciError && ["not-found", "damaged"].includes(error.code)) return undefined;
      throw error;
    }
  }
}
