/** What an Admission's modules were granted beyond the stack's maximum. */
import type { Inspection } from "../artifacts/inspection.ts";
import { union } from "../capabilities/grant.ts";
import { aboveMaximum, type MaximumGrants, maximumSources } from "../capabilities/maximum.ts";
import type { Rules } from "../capabilities/rules.ts";
import { PulledFrom } from "../oci/pulledFrom.ts";
import { isKnown, isUnknown, type OrUnknown } from "../schema/fields.ts";
import type { Settings } from "../settings.ts";
import type { JudgedModule } from "./admissionModules.ts";
import { artifactStore } from "./artifactStore.ts";
import type { Context } from "./resource.ts";

/** What modules were granted beyond the stack's maximum: by their grants, and by the rules that are in the bytes. */
export async function excesses(
  modules: readonly JudgedModule[],
  whole: OrUnknown<Inspection>,
  { settings }: Context,
): Promise<string[]> {
  const { maximumGrants } = settings;
  if (!maximumGrants) return [];
  const found = modules.map(async (module) => {
    const sealed = sealedRules(module, whole);
    const all = [union(module.grants.filter(isKnown)), ...(sealed ? [sealed] : [])];
    const limited = { ...module, sources: await sourcesOf(module, maximumGrants, settings) };
    return [...new Set(all.flatMap((rules) => aboveMaximum(rules, maximumGrants, limited)))];
  });
  return (await Promise.all(found)).flat();
}

/** Which keys by reference name where a module came from, as far as this machine knows. */
async function sourcesOf(
  { digest }: JudgedModule,
  maximum: MaximumGrants,
  settings: Settings,
): Promise<string[]> {
  if (isUnknown(digest)) return [];
  const pulledFrom = new PulledFrom(artifactStore(settings).store.folder);
  const keys = maximumSources(maximum).map(async ({ key, source }) =>
    (await pulledFrom.knows(digest, source)) ? [key] : [],
  );
  return (await Promise.all(keys)).flat();
}

/** The rules that are in the bytes. */
export function sealedRules({ name }: JudgedModule, whole: OrUnknown<Inspection>): Rules | undefined {
  if (isUnknown(whole)) return undefined;
  return whole.sealed?.find((module) => module.name === name)?.rules?.rules;
}
