/** What an Admission's modules were granted beyond the stack's maximum. */
import type { Inspection } from "../artifacts/inspection.ts";
import { union } from "../capabilities/grant.ts";
import { aboveMaximum } from "../capabilities/maximum.ts";
import type { Rules } from "../capabilities/rules.ts";
import { isKnown, isUnknown, type OrUnknown } from "../schema/fields.ts";
import type { JudgedModule } from "./admissionModules.ts";
import type { Context } from "./resource.ts";

/** What modules were granted beyond the stack's maximum: by their grants, and by the rules that are in the bytes. */
export async function excesses(
  modules: readonly JudgedModule[],
  whole: OrUnknown<Inspection>,
  { settings: { maximumGrants } }: Context,
): Promise<string[]> {
  if (!maximumGrants) return [];
  return modules.flatMap((module) => {
    const sealed = sealedRules(module, whole);
    const all = [union(module.grants.filter(isKnown)), ...(sealed ? [sealed] : [])];
    return [...new Set(all.flatMap((rules) => aboveMaximum(rules, maximumGrants, module)))];
  });
}

/** The rules that are in the bytes. */
export function sealedRules({ name }: JudgedModule, whole: OrUnknown<Inspection>): Rules | undefined {
  if (isUnknown(whole)) return undefined;
  return whole.sealed?.find((module) => module.name === name)?.rules?.rules;
}
