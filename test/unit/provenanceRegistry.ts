/** A repository in memory, in place of a registry: it keeps to the protocol, so that tests can put into it what nobody should. */
import { type Digest, digestOf } from "../../provider/artifacts/digest.ts";
import { type Descriptor, manifestSchema, mediaTypes } from "../../provider/oci/descriptor.ts";
import { OciError } from "../../provider/oci/errors.ts";
import type { Repository } from "../../provider/oci/repository.ts";

export class MemoryRepository
  implements
    Pick<
      Repository,
      "registry" | "repository" | "referrers" | "manifest" | "pullBlob" | "pushBlob" | "putManifest"
    >
{
  readonly registry = "registry.example";
  readonly repository = "acme/api";
  readonly blobs = new Map<string, Uint8Array>();
  /** By digest and by tag. */
  readonly manifests = new Map<string, { mediaType: string; bytes: Uint8Array }>();
  /** Digests of the manifests with a subject, as they came. */
  readonly referring: Digest[] = [];
  /** Manifests and blobs that were read. */
  reads = 0;
  /** What the list of referrers says, in place of what is true. */
  lie: (listed: Descriptor[]) => Descriptor[] = (listed) => listed;
  /** Thrown by each read of a blob. */
  fault: Error | undefined;

  async putManifest(reference: string, manifest: { mediaType: string; bytes: Uint8Array }): Promise<Digest> {
    const { config, layers, subject } = this.parse(manifest.bytes);
    for (const { digest } of [config, ...layers]) {
      if (!this.blobs.has(digest)) throw new OciError("refused", `blob unknown: ${digest}`);
    }
    const digest = digestOf(manifest.bytes);
    this.manifests.set(reference, manifest);
    this.manifests.set(digest, manifest);
    if (subject && !this.referring.includes(digest)) this.referring.push(digest);
    return digest;
  }

  async manifest(reference: string) {
    this.reads += 1;
    const found = this.manifests.get(reference);
    if (!found) throw new OciError("not-found", `${reference} is not there.`);
    return { ...found, digest: digestOf(found.bytes) };
  }

  async referrers(image: Digest, artifactType: string | undefined): Promise<Descriptor[]> {
    const all = this.referring
      .map((digest) => ({ digest, ...this.manifests.get(digest)! }))
      .map(({ digest, bytes, mediaType }) => ({ digest, mediaType, bytes, manifest: this.parse(bytes) }))
      .filter(({ manifest }) => manifest.subject?.digest === image)
      .map(({ digest, mediaType, bytes, manifest: { artifactType, annotations } }) => ({
        digest,
        mediaType,
        size: bytes.length,
        ...(artifactType && { artifactType }),
        ...(annotations && { annotations }),
      }));
    return this.lie(all.filter((one) => !artifactType || one.artifactType === artifactType));
  }

  async pullBlob(
    { digest, size }: { digest: Digest; size: number },
    write: (chunk: Uint8Array) => Promise<unknown>,
  ): Promise<void> {
    this.reads += 1;
    if (this.fault) throw this.fault;
    const bytes = this.blobs.get(digest);
    if (!bytes) throw new OciError("not-found", `${digest} is not there.`);
    // In two chunks of one buffer, as bytes come from a socket.
    const half = Math.ceil(bytes.length / 2);
    const buffer = Buffer.alloc(half);
    for (const chunk of [bytes.subarray(0, half), bytes.subarray(half)]) {
      buffer.set(chunk);
      await write(buffer.subarray(0, chunk.length));
    }
    if (digestOf(bytes) !== digest || bytes.length !== size) {
      throw new OciError("damaged", `${digest} is damaged.`);
    }
  }

  async pushBlob(
    { digest }: { digest: Digest; size: number },
    source: { path: string } | { bytes: Uint8Array },
  ): Promise<"exists" | "mounted" | "sent"> {
    if (this.blobs.has(digest)) return "exists";
    if (!("bytes" in source)) throw new Error("this repository takes no files");
    if (digestOf(source.bytes) !== digest) throw new OciError("refused", "digest invalid");
    this.blobs.set(digest, source.bytes);
    return "sent";
  }

  /** Puts a document of one layer beside an image, as cosign does. */
  async refer(
    image: Digest,
    type: string,
    document: Uint8Array,
    annotations: Record<string, string> = {},
  ): Promise<Digest> {
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      artifactType: type,
      config: this.keep(mediaTypes.emptyConfig, Buffer.from("{}")),
      layers: [this.keep(type, document)],
      subject: { mediaType: mediaTypes.manifest, digest: image, size: 100 },
      annotations,
    };
    return this.put(manifest);
  }

  /** Under a tag, or under its digest. */
  async put(manifest: object, tag?: string): Promise<Digest> {
    const bytes = Buffer.from(JSON.stringify(manifest));
    return this.putManifest(tag ?? digestOf(bytes), { mediaType: mediaTypes.manifest, bytes });
  }

  keep(mediaType: string, bytes: Uint8Array, annotations: Record<string, string> = {}) {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, annotations };
  }

  parse(bytes: Uint8Array) {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  }
}
