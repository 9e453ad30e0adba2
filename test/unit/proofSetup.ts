import { shippedGuard } from "../../provider/artifacts/compose/guards.ts";
import { type CompositionSpec, parseCompositionRecipe } from "../../provider/artifacts/compose/index.ts";
import { ingredient } from "../../provider/artifacts/compose/recipe.ts";
import type { Digest } from "../../provider/artifacts/digest.ts";
import { type Expected, expectedModule } from "../../provider/artifacts/proof/index.ts";
import { encodeGrant, grantOf } from "../../provider/capabilities/grant.ts";
import type { GuardName } from "../../provider/capabilities/vocabulary.ts";
import type { Workshop } from "./composeSetup.ts";

/** What `access` says of a module that has one grant. */
export function granted(inputs: object): { grants: string[] } {
  return { grants: [encodeGrant(grantOf("grant", inputs))] };
}

/** A sealed composition, and what its proof is held against. */
export interface Sealed {
  bytes: Uint8Array;
  expected: Expected;
}

/** Composes and seals, and says what was asked for in the checker's words. */
export async function seal(shop: Workshop, spec: CompositionSpec): Promise<Sealed> {
  const { artifact, digest } = await shop.composer.compose({ access: {}, ...spec });
  const recipe = parseCompositionRecipe(artifact.recipe);
  const modules: Record<string, Expected["modules"][string]> = {};
  const guards: Record<string, Digest> = {};
  for (const [name, content] of Object.entries(recipe?.modules ?? {})) {
    const component = ingredient(content).digest;
    const sealing = recipe?.seal?.[name];
    if (!sealing) throw new Error(`module ${name} is not sealed`);
    const { imports } = await shop.inspector.inspect(component);
    modules[name] = expectedModule({ digest: component, imports }, sealing);
    for (const guard of Object.keys(sealing.guards) as GuardName[]) {
      guards[guard] = (await shippedGuard(guard)).digest;
    }
  }
  const planned = recipe?.wac === undefined && {
    links: (recipe?.links ?? []).map(([from, wanted, to, given]) => ({
      from,
      import: wanted,
      to,
      export: given,
    })),
    exports: (recipe?.exports ?? []).map(([from, name]) => ({ from, export: name })),
  };
  return { bytes: await shop.store.read(digest), expected: { modules, guards, ...planned } };
}
