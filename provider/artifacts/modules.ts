import type { Digest } from "./digest.ts";
import { ArtifactError } from "./errors.ts";
import { classify, headerSize } from "./header.ts";
import type { Inspector } from "./inspect.ts";
import type { Inspection } from "./inspection.ts";
import type { AddOptions, Store } from "./store.ts";

export interface LoadOptions extends AddOptions {
  /** Refuse other bytes. */
  expectedDigest?: Digest | undefined;
}

/**
 * Takes a module in: tells what it is, puts its bytes into the store and inspects them. Unchanged bytes are read and
 * hashed, nothing more.
 *
 * @param source a path, or the bytes
 * @throws ArtifactError
 */
export async function loadModule(
  source: string | Uint8Array,
  store: Store,
  inspector: Inspector,
  options: LoadOptions = {},
): Promise<Inspection> {
  const { digest } = await add(source, store, options);
  return inspectStored(digest, inspector, options);
}

/** As `loadModule`, of bytes that are in the store already. */
export async function inspectStored(
  digest: Digest,
  inspector: Inspector,
  { expectedDigest, signal }: Pick<LoadOptions, "expectedDigest" | "signal">,
): Promise<Inspection> {
  if (expectedDigest !== undefined && digest !== expectedDigest) {
    throw new ArtifactError(
      "not-deployable",
      `The module's digest is ${digest}, but expectedDigest is ${expectedDigest}. Build or fetch the expected module, or correct expectedDigest.`,
      { property: "expectedDigest" },
    );
  }
  return inspector.inspect(digest, { signal });
}

async function add(source: string | Uint8Array, store: Store, options: AddOptions) {
  if (typeof source === "string") {
    return store.addFile(source, { ...options, accept: (start) => void classify(start, source) });
  }
  classify(source.subarray(0, headerSize), "The module");
  return store.addBytes(source, options);
}
