/** Keeps where a module in a registry was found, for a stack's maximum of grants that rests on it. */
import type { Digest } from "../artifacts/digest.ts";
import { maximumSources } from "../capabilities/maximum.ts";
import { OciError } from "../oci/errors.ts";
import { PulledFrom } from "../oci/pulledFrom.ts";
import type { Reference } from "../oci/reference.ts";
import { artifactStore } from "./artifactStore.ts";
import { registryClient } from "./registryClient.ts";
import type { Context } from "./resource.ts";

type Call = Pick<Context, "settings" | "signal" | "log">;

/** A module's artifact in a repository. */
export interface Found {
  /** Of its bytes. */
  module: Digest;
  /** Of the manifest. */
  artifact: Digest;
  place: Pick<Reference, "registry" | "repository">;
}

/** Of a module that was pulled just now. */
export async function keepSource({ module, artifact, place }: Found, { settings }: Call): Promise<void> {
  const { registry, repository } = place;
  const pulledFrom = new PulledFrom(artifactStore(settings).store.folder);
  await pulledFrom.remember(module, { registry, repository });
  await pulledFrom.remember(module, { registry, repository, digest: artifact });
}

/**
 * Of a module that was pulled before, perhaps from elsewhere. Where the maximum speaks of its repository, the registry is asked
 * whether it is there: once, for the answer is kept.
 */
export async function traceSource(found: Found, call: Call): Promise<void> {
  const { maximumGrants } = call.settings;
  if (!maximumGrants) return;
  const pulledFrom = new PulledFrom(artifactStore(call.settings).store.folder);
  for (const { key, source } of maximumSources(maximumGrants)) {
    const { registry, repository, digest } = source;
    const { artifact, place } = found;
    const isNamed =
      digest === undefined
        ? registry === place.registry && repository === place.repository
        : digest === artifact;
    if (!isNamed || (await pulledFrom.knows(found.module, source))) continue;
    if (digest !== undefined || (await isThere(found, key, call))) {
      await pulledFrom.remember(found.module, source);
    }
  }
}

/** Without an answer the module is of unknown origin, which is no reason to fail: less may be granted then, never more. */
async function isThere({ artifact, place }: Found, key: string, call: Call): Promise<boolean> {
  const unproven = `wasm:maximumGrants.modules["${key}"] does not count for it.`;
  try {
    const repository = (await registryClient(call.settings)).repository(place);
    if ((await repository.resolve(artifact, call)) !== undefined) return true;
    call.log.warn(`${place.registry}/${place.repository} does not have ${artifact}: ${unproven}`);
  } catch (error) {
    if (!(error instanceof OciError) || call.signal.aborted) throw error;
    call.log.warn(`${error.message} Whether ${artifact} is there is not known: ${unproven}`);
  }
  return false;
}
