import type { Digest } from "../artifacts/digest.ts";
import type { Call } from "./call.ts";
import type { Descriptor } from "./descriptor.ts";
import type { RepositoryName } from "./reference.ts";

export interface Manifest {
  digest: Digest;
  mediaType: string;
  /** At most 4 MiB, verified. */
  bytes: Uint8Array;
}

export class Repository {
  readonly registry: string;
  readonly repository: string;

  constructor(name: RepositoryName) {
    this.registry = name.registry;
    this.repository = name.repository;
  }

  async resolve(
    _reference: string,
    _call: Call,
  ): Promise<{ digest: Digest; mediaType: string; size: number } | undefined> {
    throw new Error("not yet");
  }

  async manifest(_reference: string, _call: Call): Promise<Manifest> {
    throw new Error("not yet");
  }

  async putManifest(
    _reference: string,
    _manifest: { mediaType: string; bytes: Uint8Array },
    _call: Call,
  ): Promise<Digest> {
    throw new Error("not yet");
  }

  async deleteManifest(_reference: string, _call: Call): Promise<boolean> {
    throw new Error("not yet");
  }

  async tags(_call: Call): Promise<string[]> {
    throw new Error("not yet");
  }

  async referrers(_digest: Digest, _artifactType: string | undefined, _call: Call): Promise<Descriptor[]> {
    throw new Error("not yet");
  }

  async hasBlob(_digest: Digest, _call: Call): Promise<boolean> {
    throw new Error("not yet");
  }

  async pullBlob(
    _blob: { digest: Digest; size: number },
    _write: (chunk: Uint8Array) => Promise<unknown>,
    _call: Call,
  ): Promise<void> {
    throw new Error("not yet");
  }

  async pushBlob(
    _blob: { digest: Digest; size: number },
    _source: { path: string } | { bytes: Uint8Array },
    _options: { from?: readonly string[] },
    _call: Call,
  ): Promise<"exists" | "mounted" | "sent"> {
    throw new Error("not yet");
  }
}
