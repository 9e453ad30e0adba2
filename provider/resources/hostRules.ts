import { type Grant, union } from "../capabilities/grant.ts";
import type { Rules } from "../capabilities/rules.ts";
import { hostKey } from "../capabilities/rulesText.ts";
import { ambients } from "../capabilities/vocabulary.ts";
import { isKnown, type OrUnknown } from "../schema/fields.ts";

/** What the component as a whole may do: the host cannot tell its modules apart, and knows their keys by its own names. */
export function hostRules(modules: readonly { name: string; grants: readonly OrUnknown<Grant>[] }[]): Rules {
  const all = modules.map(({ grants }) => union(grants.filter(isKnown)));
  const grants = modules.flatMap((module) => module.grants.filter((grant): grant is Grant => isKnown(grant)));
  const rules = union(grants);
  for (const family of ["environment", "config"] as const) {
    rules[family] = modules.flatMap(({ name }, index) =>
      (all[index]?.[family] ?? []).map((key) => hostKey(family, name, key, modules.length > 1)),
    );
  }
  const { ambient } = rules;
  for (const family of ambients) {
    ambient[family] = all.some((own) => own.ambient[family]);
  }
  return rules;
}
