/**
 * What refers to a manifest (OCI distribution specification 1.1, "Listing Referrers"), and for registries that do not
 * list it, the index under the tag `sha256-<hex>` that clients keep instead.
 */
import * as z from "zod";
import { type Digest, digestOf, hexOf } from "../artifacts/digest.ts";
import type { Call } from "./call.ts";
import type { Connection } from "./connection.ts";
import { type Descriptor, descriptorSchema, type ImageIndex, indexSchema, mediaTypes } from "./descriptor.ts";
import { OciError } from "./errors.ts";
import { type Manifest, type Manifests, parseJson } from "./manifests.ts";
import { pagesOf } from "./pages.ts";

/** Tries to bring an entry into an index that others write as well. */
const maxRounds = 4;

export class Referrers {
  readonly #connection: Connection;
  readonly #repository: string;
  readonly #manifests: Manifests;

  constructor(connection: Connection, repository: string, manifests: Manifests) {
    this.#connection = connection;
    this.#repository = repository;
    this.#manifests = manifests;
  }

  async list(subject: Digest, artifactType: string | undefined, call: Call): Promise<Descriptor[]> {
    const found =
      (await this.#fromRegistry(subject, artifactType, call)) ??
      (await this.#index(subject, call)).index.manifests;
    // A registry may leave the choice to its client.
    return found.filter((entry) => artifactType === undefined || entry.artifactType === artifactType);
  }

  /** Enters a manifest that was put, where the registry does not list it by itself. */
  async enter(manifest: Manifest, call: Call): Promise<void> {
    const subject = subjectOf(manifest.bytes);
    if (subject === undefined) return;
    const entry = describe(manifest);
    await this.#change(subject, call, (entries) =>
      entries.some(({ digest }) => digest === entry.digest) ? undefined : [...entries, entry],
    );
  }

  /** Takes a deleted manifest out again. */
  async remove(manifest: Manifest, call: Call): Promise<void> {
    const subject = subjectOf(manifest.bytes);
    if (subject === undefined) return;
    if ((await this.#fromRegistry(subject, undefined, call)) !== undefined) return;
    await this.#change(subject, call, (entries) => {
      const others = entries.filter(({ digest }) => digest !== manifest.digest);
      return others.length === entries.length ? undefined : others;
    });
  }

  /** Undefined: the registry has no such list. */
  async #fromRegistry(
    subject: Digest,
    artifactType: string | undefined,
    call: Call,
  ): Promise<Descriptor[] | undefined> {
    const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
    const pages = pagesOf(this.#connection, `referrers/${subject}${query}`, {
      repository: this.#repository,
      what: `list what refers to ${subject} in ${this.#repository}`,
      accept: mediaTypes.index,
      call,
    });
    const found: Descriptor[] = [];
    for await (const page of pages) {
      if (page === undefined) return undefined;
      const index = listSchema.safeParse(page);
      if (!index.success) return undefined;
      found.push(...index.data.manifests);
    }
    return found;
  }

  /** Without a digest: there is none yet. */
  async #index(subject: Digest, call: Call): Promise<{ index: ImageIndex; digest?: Digest }> {
    const tag = tagOf(subject);
    if ((await this.#manifests.resolve(tag, call)) === undefined) return { index: emptyIndex() };
    const { bytes, digest } = await this.#manifests.get(tag, call);
    const index = indexSchema.safeParse(parseJson(bytes));
    if (index.success) return { index: index.data, digest };
    throw new OciError(
      "unsupported",
      `The tag ${tag} of ${this.#connection.registry}/${this.#repository}, where referrers are listed, is not an index. Remove that tag.`,
    );
  }

  /** There is no lock: what another client wrote in between is seen afterwards, and the change made again. */
  async #change(
    subject: Digest,
    call: Call,
    change: (entries: Descriptor[]) => Descriptor[] | undefined,
  ): Promise<void> {
    for (let round = 0; round < maxRounds; round++) {
      const { index, digest } = await this.#index(subject, call);
      const manifests = change(index.manifests);
      if (manifests === undefined) return;
      if (manifests.length === 0 && digest !== undefined) {
        // By digest, what somebody else wrote in between stays.
        await this.#manifests.delete(digest, call);
        continue;
      }
      const bytes = Buffer.from(JSON.stringify({ ...index, manifests }));
      await this.#manifests.put(tagOf(subject), { mediaType: mediaTypes.index, bytes }, call);
    }
    if (change((await this.#index(subject, call)).index.manifests) === undefined) return;
    throw new OciError(
      "refused",
      `The list of what refers to ${subject} in ${this.#connection.registry}/${this.#repository} changes all the time. Run again when nobody else writes there.`,
    );
  }
}

const listSchema = z.object({ manifests: z.array(descriptorSchema) });
const subjectSchema = z.object({ subject: z.object({ digest: descriptorSchema.shape.digest }) });

/** What a manifest refers to. */
export function subjectOf(bytes: Uint8Array): Digest | undefined {
  return subjectSchema.safeParse(parseJson(bytes)).data?.subject.digest;
}

const describedSchema = z.object({
  artifactType: z.string().nullish(),
  config: z.object({ mediaType: z.string() }).nullish(),
  annotations: descriptorSchema.shape.annotations,
});

/** As the specification has a registry list it: with the type and the annotations of the manifest itself. */
function describe({ mediaType, bytes }: Manifest): Descriptor {
  const { artifactType, config, annotations } = describedSchema.parse(parseJson(bytes));
  const type = artifactType || config?.mediaType;
  return {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(annotations && { annotations }),
    ...(type && { artifactType: type }),
  };
}

function tagOf(subject: Digest): string {
  return `sha256-${hexOf(subject)}`;
}

function emptyIndex(): ImageIndex {
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [] };
}
