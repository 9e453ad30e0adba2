/** What an Image's tags name: in the state, in the registry, and whose they are. */
import type { Digest } from "../artifacts/digest.ts";
import type { Problem } from "../errors.ts";
import { parseRepository, type RepositoryName } from "../oci/reference.ts";
import { isKnown, isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { Settings } from "../settings.ts";
import type { ImageInputs, ImageOutputs } from "./image.ts";
import type { Context, Difference } from "./resource.ts";

/** What this Image was before, as its state says. */
export interface EarlierImage {
  digest: Digest;
  /** Tags that it set and left there. */
  tags: string[];
}

/** The outputs of a state, as far as an older or interrupted run left them. */
export interface RecordedImage {
  digest: Digest | undefined;
  size: number | undefined;
  /** Digest by tag; of tags that are no input any more, too. */
  tagDigests: Record<string, string>;
  earlier: EarlierImage[];
}

export function recorded({ digest, size, tagDigests, earlier }: Partial<ImageOutputs>): RecordedImage {
  return {
    digest: digest === undefined || isUnknown(digest) ? undefined : digest,
    size: size === undefined || isUnknown(size) ? undefined : size,
    tagDigests: Object.fromEntries(
      Object.entries(tagDigests === undefined || isUnknown(tagDigests) ? {} : tagDigests).filter(
        (entry): entry is [string, string] => isKnown(entry[1]),
      ),
    ),
    earlier: (earlier === undefined || isUnknown(earlier) ? [] : earlier).flatMap((image) =>
      isUnknown(image) || isUnknown(image.digest)
        ? []
        : [{ digest: image.digest, tags: knownTags(image.tags) }],
    ),
  };
}

export function knownTags(tags: ImageInputs["tags"]): string[] {
  return tags === undefined || isUnknown(tags) ? [] : tags.filter(isKnown);
}

/** Tags that a refresh found to be gone, or to name something else. */
export function tagDrift(
  inputs: Pick<ImageInputs, "tags"> | undefined,
  outputs: Partial<ImageOutputs>,
): Difference[] {
  const { digest, tagDigests } = recorded(outputs);
  return knownTags(inputs?.tags).flatMap((tag): Difference[] => {
    const named = tagDigests[tag];
    if (named === digest) return [];
    const kind = named === undefined ? "add" : "update";
    return [{ path: propertyPath(["tagDigests", tag]), kind, replace: false, input: false }];
  });
}

/** URN by tag, for one run of the engine. */
const claims = new WeakMap<Settings, Map<string, string>>();

/** Two Images with one tag would take it away from each other in every run; of one program both are seen here. */
export function claimTags({ repository, tags }: ImageInputs, { settings, urn }: Context): Problem[] {
  if (isUnknown(repository) || tags === undefined || isUnknown(tags)) return [];
  const claimed = claims.get(settings) ?? new Map<string, string>();
  claims.set(settings, claimed);
  const name = parseRepository(repository);
  return tags.flatMap((tag, index) => {
    if (isUnknown(tag)) return [];
    const owner = claim(claimed, name, tag, urn);
    if (owner === urn) return [];
    const other = owner.slice(owner.lastIndexOf("::") + 2);
    const message = `the Image ${other} of this program sets the tag ${tag} of ${repository} as well: give each tag to one of them`;
    return [{ path: `tags[${index}]`, message }];
  });
}

function claim(
  claimed: Map<string, string>,
  { registry, repository }: RepositoryName,
  tag: string,
  urn: string,
): string {
  const key = `${registry}/${repository}:${tag}`;
  const owner = claimed.get(key) ?? urn;
  claimed.set(key, owner);
  return owner;
}
