/** What is still attached to an image, by what its registry lists: the documents are not read. */
import type { Digest } from "../../artifacts/digest.ts";
import type { Call } from "../call.ts";
import type { Descriptor } from "../descriptor.ts";
import type { Repository } from "../repository.ts";
import { grantsPredicate } from "./attestation.ts";
import { predicateAnnotations, statementType } from "./mediaTypes.ts";
import { mayBeBundle, mostDocuments } from "./referrers.ts";
import { signaturePredicate } from "./statement.ts";

export interface Presence {
  report: boolean;
  signature: boolean;
}

/** @param signed whether the report is to be a signed one, beside which an unsigned one does not count */
export async function presenceOf(
  repository: Pick<Repository, "referrers" | "resolve">,
  image: Digest,
  { signed }: { signed: boolean },
  call: Call,
): Promise<Presence> {
  const listed = await repository.referrers(image, undefined, call);
  const bundles = listed.filter(mayBeBundle);
  const reports = signed ? bundles : [...bundles, ...listed.filter(isStatement)];
  const isThere = async (documents: readonly Descriptor[], predicate: string) => {
    for (const { digest } of documents.filter((one) => mayHold(one, predicate)).slice(0, mostDocuments)) {
      // A list that clients keep under a tag names what others have deleted, too.
      if (await repository.resolve(digest, call)) return true;
    }
    return false;
  };
  return {
    report: await isThere(reports, grantsPredicate),
    signature: await isThere(bundles, signaturePredicate),
  };
}

function isStatement({ artifactType }: Descriptor): boolean {
  return artifactType === statementType;
}

/** Older clients list a referrer without its annotations. */
function mayHold({ annotations }: Descriptor, predicate: string): boolean {
  const said = predicateAnnotations.flatMap((name) => annotations?.[name] ?? []);
  return said.length === 0 || said.includes(predicate);
}
