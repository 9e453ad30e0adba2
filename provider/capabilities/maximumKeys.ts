/**
 * How `maximumGrants.modules` names a module: by the digest of its bytes, or by where it was pulled from (one artifact, or all
 * that came from a repository).
 */
import { digestSchema } from "../artifacts/digest.ts";
import { UserError } from "../errors.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";

/** A repository, or an artifact by digest. */
export type Source = Omit<Reference, "tag">;

/** Where a module has to come from for a key to count; undefined for a digest, which names the bytes themselves. */
export function sourceOf(key: string): Source | undefined {
  return digestSchema.safeParse(key).success ? undefined : parseReference(key);
}

/** What is wrong with a key: undefined where it is a digest or a reference without a tag. */
export function keyProblem(key: string): string | undefined {
  if (digestSchema.safeParse(key).success) return undefined;
  if (!key.includes("/")) {
    return "is neither a digest nor a reference: name the module by its `digest` (sha256: and 64 lower-case hexadecimal digits), or by where it is pulled from (registry.example/acme/api, or registry.example/acme/api@sha256:…)";
  }
  try {
    const { tag, ...source } = parseReference(key);
    if (tag === undefined) return undefined;
    const rest = formatReference(source);
    return source.digest === undefined
      ? `is a tag, which its owner can move to other bytes: name one artifact by its digest, ${rest}@sha256:…, or all that comes from there, ${rest}`
      : `has a tag beside the digest, which says nothing more: write ${rest}`;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
