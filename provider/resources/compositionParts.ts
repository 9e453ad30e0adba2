/** From the inputs of a Composition to what the composer takes. */
import type * as z from "zod";
import type { CompositionSpec, ModuleAccess } from "../artifacts/compose/index.ts";
import { decodeGrant } from "../capabilities/grant.ts";
import type { Problem } from "../errors.ts";
import { holdsUnknown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import type { compositionInputs } from "./composition.ts";
import { grantsOf, type Texts } from "./grantTexts.ts";

type Inputs = z.output<typeof compositionInputs>;

/** How the modules are wired; `unknown` where a part of it is. */
export function wiringOf({ modules, links, exports, wac }: Inputs): OrUnknown<CompositionSpec> {
  if (isUnknown(modules)) return unknown;
  const parts = Object.entries(modules).map(([name, module]) => {
    if (isUnknown(module)) return [name, unknown] as const;
    const { artifact, adapt } = module;
    return [name, { artifact, ...(adapt !== undefined && { adapt }) }] as const;
  });
  const spec = { modules: Object.fromEntries(parts), links, exports, wac };
  return holdsUnknown(spec) ? unknown : (spec as CompositionSpec);
}

/** What decides the bytes: the wiring, and what is sealed. `unknown` where a part of it is. */
export function declarationOf(composition: Inputs): OrUnknown<CompositionSpec> {
  const wiring = wiringOf(composition);
  const access = accessOf(composition);
  return isUnknown(wiring) || isUnknown(access) ? unknown : { ...wiring, access };
}

function accessOf({ modules }: Inputs): OrUnknown<NonNullable<CompositionSpec["access"]>> {
  if (isUnknown(modules)) return unknown;
  const access: Record<string, ModuleAccess> = {};
  for (const [name, module] of Object.entries(modules)) {
    const own = isUnknown(module) ? unknown : knownAccess(module.grants, module.denied);
    if (isUnknown(own)) return unknown;
    access[name] = own;
  }
  return access;
}

/** Grants and denials, unless something of them is not known yet. */
export function knownAccess(grants: Texts, denied: Texts): OrUnknown<ModuleAccess> {
  if (holdsUnknown(grants) || holdsUnknown(denied)) return unknown;
  const known = (grants as string[] | undefined)?.map(decodeGrant) ?? [];
  if (known.some((grant) => grant === undefined || grant.unknown.length > 0)) return unknown;
  return { grants: grants as string[] | undefined, denied: denied as string[] | undefined };
}

export function grantProblems({ modules }: Inputs): Problem[] {
  const problems: Problem[] = [];
  for (const [name, module] of Object.entries(isUnknown(modules) ? {} : modules)) {
    if (!isUnknown(module)) grantsOf(module.grants, problems, ["modules", name, "grants"]);
  }
  return problems;
}
