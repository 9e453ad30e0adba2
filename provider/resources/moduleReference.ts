/** Modules in registries: which artifact a reference stands for in this run, and the module that is in it. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { type Digest, digestSchema } from "../artifacts/digest.ts";
import type { Inspection } from "../artifacts/inspection.ts";
import { inspectStored } from "../artifacts/modules.ts";
import { Records } from "../artifacts/records.ts";
import { defaultMaxSize } from "../artifacts/store.ts";
import { UserError } from "../errors.ts";
import { OciError } from "../oci/errors.ts";
import { Origins } from "../oci/origins.ts";
import type { Pulled } from "../oci/pull.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";
import type { Repository } from "../oci/repository.ts";
import type { Settings } from "../settings.ts";
import { artifactStore } from "./artifactStore.ts";
import { keepSource, traceSource } from "./moduleSource.ts";
import { registryClient } from "./registryClient.ts";
import type { Context } from "./resource.ts";
import { Shared } from "./shared.ts";

export type Call = Pick<Context, "settings" | "signal" | "log">;

/** What a program says of a module in a registry, all of it known. */
export interface RemoteModule {
  reference: string;
  /** Of a Spin application. */
  component?: string | undefined;
  /** Bytes. */
  maxSize?: number | undefined;
  expectedDigest?: Digest | undefined;
  verify?: { key: string } | undefined;
}

export interface FoundModule {
  inspection: Inspection;
  /** The artifact by digest: `host/name@sha256:…`. */
  resolved: string;
  /** What the artifact's config says and its bytes do not hold, as a message. */
  falseClaims: string | undefined;
}

/** What one run of the engine found out, so that all its methods mean one artifact: a tag can move at any time. */
class Run {
  readonly tags = new Shared<Digest>("kept");
  readonly signatures = new Shared<true>("kept");
  readonly pulls = new Shared<Pulled>("while under way");
}

const runs = new WeakMap<Settings, Run>();

/** The engine configures the provider anew for each run. */
function runOf({ settings }: Call): Run {
  const known = runs.get(settings);
  if (known) return known;
  const run = new Run();
  runs.set(settings, run);
  return run;
}

/** Whether the registry gave no answer, which is no reason to fail where nothing new is asked of it. */
export function isUnreachable(error: unknown): error is OciError {
  return error instanceof OciError && (error.code === "unreachable" || error.code === "rate-limited");
}

/** As `parseReference`, of a reference that names one version. @throws UserError */
export function parseVersion(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  throw new UserError(
    `${text} names no version. Write ${text}@sha256:…, or ${text}:<tag> with allowTag: true.`,
  );
}

/** Whether the registry has to be asked what a reference means. */
export function isTag(text: string): boolean {
  return parseReference(text).digest === undefined;
}

/** The digest in an output `resolved`; undefined where a state has none. */
export function digestIn(resolved: unknown): Digest | undefined {
  return digestSchema.safeParse(String(resolved).split("@").at(-1)).data;
}

/** Whether a text names an artifact; a path of a file has neither a tag nor a digest. */
export function isReference(text: string): boolean {
  if (/@sha256:/.test(text)) return true;
  try {
    return parseReference(text).tag !== undefined;
  } catch {
    return false;
  }
}

/**
 * The digest of the artifact that a reference means in this run.
 *
 * @param known the digest that a tag had the last time: it still holds, with a warning, while the registry gives no answer
 * @throws OciError
 */
export async function resolveReference(text: string, call: Call, known?: Digest): Promise<Digest> {
  const reference = parseVersion(text);
  try {
    return reference.digest ?? (await resolveTag(reference, call));
  } catch (error) {
    if (known === undefined || !isUnreachable(error)) throw error;
    call.log.warn(`${error.message} ${text} is taken to be ${known}, as before.`);
    return known;
  }
}

async function resolveTag(reference: Reference, call: Call): Promise<Digest> {
  const name = formatReference(reference);
  return runOf(call).tags.get(name, call.signal, async () => {
    const repository = await repositoryOf(reference, call);
    const found = await repository.resolve(reference.tag ?? "", call);
    if (found) return found.digest;
    throw new OciError(
      "not-found",
      `${name} is not in the registry. Push it first, or correct the reference.`,
    );
  });
}

/**
 * The module that a reference means: pulled into the cache where it is not there, verified where a key is given, inspected.
 *
 * @param known as of `resolveReference`
 * @throws OciError, ArtifactError; UserError at `component` or `verify.key`
 */
export async function findModule(module: RemoteModule, call: Call, known?: Digest): Promise<FoundModule> {
  const reference = parseReference(module.reference);
  const digest = await resolveReference(module.reference, call, known);
  if (module.verify) await requireSignature(reference, digest, module.verify.key, call);
  const { pulled, falseClaims } = await pull(reference, digest, module, call);
  const { inspector } = artifactStore(call.settings);
  const { expectedDigest } = module;
  const inspection = await inspectStored(pulled.digest, inspector, { expectedDigest, signal: call.signal });
  const { registry, repository } = reference;
  return {
    inspection,
    resolved: formatReference({ registry, repository, digest }),
    falseClaims: pulled.claims && falseClaims(pulled.claims, inspection),
  };
}

async function repositoryOf(reference: Reference, { settings }: Call): Promise<Repository> {
  return (await registryClient(settings)).repository(reference);
}

async function pull(reference: Reference, digest: Digest, module: RemoteModule, call: Call) {
  // Loaded only where a program has a module in a registry.
  const { falseClaims, pullModule, recallModule } = await import("../oci/pull.ts");
  const { reference: name, component, maxSize = defaultMaxSize } = module;
  const { store } = artifactStore(call.settings);
  const known = await recallModule(digest, { store, name, maxSize }, component);
  if (known) {
    await traceSource({ module: known.digest, artifact: digest, place: reference }, call);
    return { pulled: known, falseClaims };
  }
  const key = JSON.stringify([reference.registry, reference.repository, digest, component, maxSize]);
  const pulled = await runOf(call).pulls.get(key, call.signal, async () => {
    const source = await repositoryOf(reference, call);
    const module = await pullModule(digest, { source, store, name, maxSize, call }, component);
    // An Image of it elsewhere in this registry need not be sent.
    await new Origins(store.folder).remember(module.digest, reference);
    await keepSource({ module: module.digest, artifact: digest, place: reference }, call);
    return module;
  });
  return { pulled, falseClaims };
}

/** A signature that was found once holds for good: it is one of the digest, and it is not asked for again. */
async function requireSignature(
  reference: Reference,
  digest: Digest,
  key: string,
  call: Call,
): Promise<void> {
  const { store } = artifactStore(call.settings);
  const records = new Records(join(store.folder, "signatures", "1"), z.literal(true));
  const name = createHash("sha256").update(`${digest}\n${key.trim()}`).digest("hex");
  await runOf(call).signatures.get(name, call.signal, async () => {
    if (await records.recall(name)) return true;
    const { verifySignature } = await import("../oci/provenance/verify.ts");
    try {
      await verifySignature(await repositoryOf(reference, call), digest, key, call);
    } catch (error) {
      if (error instanceof OciError || !(error instanceof UserError)) throw error;
      throw new UserError(error.message, "verify.key", { cause: error });
    }
    await records.remember(name, true);
    return true;
  });
}
