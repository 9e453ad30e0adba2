/** From the inputs of a Composition to what the composer takes, and the grants that travel with its artifact. */
import type * as z from "zod";
import type { Artifact } from "../artifacts/artifact.ts";
import {
  type Access,
  type CompositionSpec,
  encodeRecipe,
  parseCompositionRecipe,
} from "../artifacts/compose/index.ts";
import { decodeGrant } from "../capabilities/grant.ts";
import type { Problem } from "../errors.ts";
import { holdsUnknown, isUnknown, type OrUnknown, unknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import type { compositionInputs } from "./composition.ts";

type Inputs = z.output<typeof compositionInputs>;

/** What decides the bytes; `unknown` where a part of it is. Grants do not. */
export function declarationOf({ modules, links, exports, wac }: Inputs): OrUnknown<CompositionSpec> {
  if (isUnknown(modules)) return unknown;
  const parts = Object.entries(modules).map(([name, module]) => {
    if (isUnknown(module)) return [name, unknown] as const;
    const { artifact, adapt } = module;
    return [name, { artifact, ...(adapt !== undefined && { adapt }) }] as const;
  });
  const spec = { modules: Object.fromEntries(parts), links, exports, wac };
  return holdsUnknown(spec) ? unknown : (spec as CompositionSpec);
}

/** Grants and denials by module, as far as they are given. */
export function accessOf({ modules }: Inputs): Access {
  if (isUnknown(modules)) return {};
  const entries = Object.entries(modules).flatMap(([name, module]) => {
    if (isUnknown(module)) return [];
    const { grants, denied } = module;
    return grants === undefined && denied === undefined ? [] : [[name, { grants, denied }] as const];
  });
  return Object.fromEntries(entries);
}

/** A recipe with the grants that its modules were given. They are no part of the bytes. */
export function withAccess(recipe: string, access: Access): Artifact["recipe"] {
  const parsed = parseCompositionRecipe(recipe);
  if (!parsed || Object.keys(access).length === 0) return recipe;
  return encodeRecipe({ ...parsed, access });
}

export function grantProblems({ modules }: Inputs): Problem[] {
  if (isUnknown(modules)) return [];
  return Object.entries(modules).flatMap(([name, module]) => {
    const grants = isUnknown(module) ? [] : (module.grants ?? []);
    if (isUnknown(grants)) return [];
    return grants.flatMap((text, index) => {
      if (isUnknown(text) || decodeGrant(text) !== undefined) return [];
      const path = propertyPath(["modules", name, "grants", index]);
      return [{ path, message: "is not the `grant` output of a CapabilityGrant of this version" }];
    });
  });
}
