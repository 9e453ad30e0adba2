/** An App of a single Module is the same as one of a Composition that has no other. */
import type { Artifact } from "../artifacts/artifact.ts";
import {
  type Composer,
  type Composition,
  CompositionError,
  type ModuleAccess,
} from "../artifacts/compose/index.ts";
import { decodeGrant, encodeGrant } from "../capabilities/grant.ts";
import type { Rules } from "../capabilities/rules.ts";

/** The module's name in it. */
export const singleModule = "main";

/**
 * All that it was granted, as one grant: which grants say so makes no difference to the bytes.
 *
 * @returns undefined where they contradict one another, which is for cover to tell
 */
export function wholeGrant(rules: Rules): string | undefined {
  const grant = encodeGrant({ name: singleModule, rules, ambient: rules.ambient, unknown: [] });
  return decodeGrant(grant) && grant;
}

/**
 * @param access `grants` is a `wholeGrant`
 * @throws CompositionError in the words of an App; others as `Composer.compose`
 */
export async function sealSingle(
  composer: Composer,
  artifact: Artifact,
  access: ModuleAccess,
  signal: AbortSignal,
): Promise<Composition> {
  const modules = { [singleModule]: { artifact } };
  try {
    return await composer.compose({ modules, access: { [singleModule]: access } }, { signal });
  } catch (error) {
    if (!(error instanceof CompositionError)) throw error;
    const problems = error.problems.map((problem) => ({
      ...problem,
      path: "artifact",
      message: ofSingle(problem.path, problem.message),
    }));
    throw new CompositionError(problems, { cause: error });
  }
}

/** An App calls its module nothing, and has no `adapt`. */
function ofSingle(path: string, message: string): string {
  if (path.endsWith(".adapt")) {
    return "is a core module, and its exports do not say whether it is a program (`_start`) or a library (`_initialize`): build it for wasm32-wasip2, or say so in a Composition (`adapt`)";
  }
  return message.replace(`Module \`${singleModule}\`: `, "");
}
