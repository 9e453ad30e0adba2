/** From a manifest to the one module in it: its bytes go into the store, verified; none of them are run. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { type Digest, digestSchema, hexOf } from "../artifacts/digest.ts";
import { Records } from "../artifacts/records.ts";
import type { Store } from "../artifacts/store.ts";
import { UserError } from "../errors.ts";
import { claimsAt, claimsSchema } from "./formats/claims.ts";
import { type Format, formatOf } from "./formats/format.ts";
import { pullFromImage } from "./formats/image.ts";
import { pullComponent } from "./formats/spin.ts";
import { type Pulling, pullLayer, requireSize } from "./formats/take.ts";

export { falseClaims } from "./formats/claims.ts";

const pulledSchema = z.strictObject({
  digest: digestSchema,
  /** Bytes. */
  size: z.int().nonnegative(),
  /** What the artifact's config says of the module, where it says something. */
  claims: claimsSchema.optional(),
});

/** The module of an artifact, whose bytes are in the store. */
export type Pulled = z.infer<typeof pulledSchema>;

/** Raise it when a manifest comes to mean another module. */
const recordVersion = "1";

/**
 * The module of an artifact that this machine has pulled before and still has: no network is needed. A digest names the
 * same artifact in each repository.
 *
 * @param component one of a Spin application
 * @throws ArtifactError `too-large`
 */
export async function recallModule(
  manifest: Digest,
  { store, name, maxSize }: Pick<Pulling, "store" | "name" | "maxSize">,
  component?: string,
): Promise<Pulled | undefined> {
  const known = await recordsOf(store).recall(keyOf(manifest, component));
  if (known === undefined || !(await store.has(known.digest, known.size))) return undefined;
  requireSize(known.size, name, maxSize);
  return known;
}

/**
 * Puts the module of an artifact into the store.
 *
 * @param component one of a Spin application; may be left out where it has one only
 * @throws OciError; ArtifactError `too-large`, `not-deployable`, `invalid`, `cache`; UserError at `component`
 */
export async function pullModule(manifest: Digest, pulling: Pulling, component?: string): Promise<Pulled> {
  const { source, store, name, call } = pulling;
  const format = formatOf(await source.manifest(manifest, call), name);
  if (component !== undefined && format.kind !== "spin") {
    throw new UserError(
      `${name} is no Spin application, so it has no components: leave this out.`,
      "component",
    );
  }
  const pulled = await take(format, pulling, component);
  await recordsOf(store).remember(keyOf(manifest, component), pulled);
  return pulled;
}

async function take(format: Format, pulling: Pulling, component: string | undefined): Promise<Pulled> {
  if (format.kind === "spin") return pullComponent(format, component, pulling);
  if (format.kind === "image") return pullFromImage(format, pulling);
  const module = await pullLayer(format.layer, pulling);
  const claims = await claimsAt(format.config, pulling);
  return { ...module, ...(claims && { claims }) };
}

function recordsOf(store: Store): Records<Pulled> {
  return new Records(join(store.folder, "pulled", recordVersion), pulledSchema);
}

function keyOf(manifest: Digest, component: string | undefined): string {
  if (component === undefined) return hexOf(manifest);
  return `${hexOf(manifest)}-${createHash("sha256").update(component).digest("hex")}`;
}
