/** What is wrong with the inputs of a Module before its bytes are looked at. */
import { type Problem, UserError } from "../errors.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { isKnown, isUnknown, type OrUnknown } from "../schema/fields.ts";
import { type Call, parseVersion, resolveReference } from "./moduleReference.ts";

interface Inputs {
  file?: unknown;
  reference?: OrUnknown<string> | undefined;
  allowTag?: OrUnknown<boolean> | undefined;
  component?: unknown;
  verify?: OrUnknown<{ key: OrUnknown<string> }> | undefined;
}

/** All of it at once; of a tag that is not allowed, which digest to write instead, as the registry says. */
export async function moduleProblems(module: Inputs, call: Call): Promise<Problem[]> {
  const problems = [...sourceProblems(module), ...(await keyProblems(module))];
  const { reference, allowTag = false } = module;
  if (reference !== undefined && isKnown(reference)) {
    const message = await referenceProblem(reference, allowTag, call);
    if (message !== undefined) problems.push({ path: "reference", message });
  }
  return problems;
}

function sourceProblems({ file, reference, allowTag, component, verify }: Inputs): Problem[] {
  if (file !== undefined && reference !== undefined) {
    return [{ path: "reference", message: "give either `file` or `reference`, not both" }];
  }
  const misplaced = Object.entries({ allowTag, component, verify })
    .filter(([, value]) => reference === undefined && value !== undefined)
    .map(([path]) => ({ path, message: "goes with `reference` only: leave it out" }));
  if (file !== undefined || reference !== undefined) return misplaced;
  const message = "give `file`, a file asset, or `reference`, a module in a registry";
  return [{ path: "", message }, ...misplaced];
}

async function keyProblems({ verify }: Inputs): Promise<Problem[]> {
  if (verify === undefined || isUnknown(verify) || isUnknown(verify.key)) return [];
  const { parsePublicKey } = await import("../oci/provenance/keys.ts");
  const message = await messageOf(() => void parsePublicKey(verify.key as string));
  return message === undefined ? [] : [{ path: "verify.key", message }];
}

async function referenceProblem(
  text: string,
  allowTag: OrUnknown<boolean>,
  call: Call,
): Promise<string | undefined> {
  return messageOf(async () => {
    const reference = parseVersion(text);
    if (reference.digest !== undefined) return;
    if (allowTag === false) throw new UserError(await tagMessage(text, reference, call));
  }, call.signal);
}

async function tagMessage(text: string, reference: Reference, call: Call): Promise<string> {
  const { registry, repository } = reference;
  const tag = `${text} is a tag, which its owner can move to other bytes`;
  let pinned = "";
  const failure = await messageOf(async () => {
    const digest = await resolveReference(text, call);
    pinned = formatReference({ registry, repository, digest });
  }, call.signal);
  if (failure === undefined) return `${tag}. Write "${pinned}", which it means now, or set allowTag: true.`;
  const name = formatReference({ registry, repository });
  return `${tag}. Write ${name}@sha256:…, or set allowTag: true. Its digest could not be looked up: ${failure}`;
}

/** What a user can do something about, as a message; undefined where all is well. */
async function messageOf(
  check: () => void | Promise<void>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    if (!(error instanceof UserError) || signal?.aborted) throw error;
    return error.message;
  }
}
