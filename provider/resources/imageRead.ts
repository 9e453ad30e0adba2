/** What became of an Image in the registry. */
import { OciError } from "../oci/errors.ts";
import type { Repository } from "../oci/repository.ts";
import { holdsUnknown } from "../schema/fields.ts";
import type { ImageInputs, ImageOutputs } from "./image.ts";
import { knownImage } from "./imagePlan.ts";
import { provenanceNow } from "./imageProvenance.ts";
import { callOf, repositoryOf } from "./imageRepository.ts";
import { knownTags, recorded } from "./imageTags.ts";
import type { Context } from "./resource.ts";

interface ImageState {
  id: string;
  inputs: ImageInputs | undefined;
  outputs: Partial<ImageOutputs>;
}

/** @returns undefined where the manifest is gone. A registry that cannot be reached changes nothing. */
export async function readImage(
  state: ImageState,
  context: Context,
): Promise<{ id: string; outputs: ImageOutputs } | undefined> {
  const { id, inputs } = state;
  const outputs = state.outputs as ImageOutputs;
  const { digest, tagDigests } = recorded(outputs);
  if (!inputs || holdsUnknown(inputs) || digest === undefined) return { id, outputs };
  const tags = [...new Set([...Object.keys(tagDigests), ...knownTags(inputs.tags)])];
  try {
    const repository = await repositoryOf(knownImage(inputs), context);
    if (!(await repository.resolve(digest, callOf(context)))) return undefined;
    const { signedBy: _, ...others } = outputs;
    const provenance = await provenanceNow(repository, digest, outputs, callOf(context));
    const tagDigests = await named(repository, tags, context);
    return { id, outputs: { ...others, ...provenance, tagDigests } };
  } catch (error) {
    if (!(error instanceof OciError) || error.code !== "unreachable" || context.signal.aborted) throw error;
    context.log.warn(`What became of this image is not known: ${error.message}`);
    return { id, outputs };
  }
}

async function named(
  repository: Repository,
  tags: readonly string[],
  context: Context,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const tag of tags) {
    const digest = (await repository.resolve(tag, callOf(context)))?.digest;
    if (digest !== undefined) found[tag] = digest;
  }
  return found;
}
