/** An App of a single Module is the same as one of a Composition that has no other. */
import type { Artifact } from "../artifacts/artifact.ts";
import type { CompositionSpec, ModuleAccess } from "../artifacts/compose/index.ts";

/** The module's name in it. */
export const singleModule = "main";

export function sealedModule(artifact: Artifact, access: ModuleAccess): CompositionSpec {
  return { modules: { [singleModule]: { artifact } }, access: { [singleModule]: access } };
}
