/** An App of a single Module is the same as one of a Composition that has no other. */
import { type Artifact, moduleArtifact } from "../artifacts/artifact.ts";
import { type Composer, CompositionError, type ModuleAccess } from "../artifacts/compose/index.ts";
import type { Inspector } from "../artifacts/inspect.ts";
import { deniedOfCore } from "../capabilities/coreSealing.ts";
import { decodeGrant, encodeGrant } from "../capabilities/grant.ts";
import type { Rules } from "../capabilities/rules.ts";
import type { Form } from "../targets/kubernetes/runtimes.ts";
import { artifactStore } from "./artifactStore.ts";
import type { Context } from "./resource.ts";

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
 * A single Module with what is denied to it and its guards inside, in the form that its place runs.
 *
 * @param access `grants` is a `wholeGrant`
 * @throws CompositionError in the words of an App; others as `Composer.compose` and `Composer.sealCore`
 */
export async function sealSingle(
  artifact: Artifact,
  access: ModuleAccess,
  form: Form,
  { settings, signal }: Pick<Context, "settings" | "signal">,
): Promise<Artifact> {
  const { composer, inspector } = artifactStore(settings);
  if (form === "core") return sealCoreModule(artifact, access, { composer, inspector, signal });
  const modules = { [singleModule]: { artifact } };
  try {
    const { artifact: sealed } = await composer.compose(
      { modules, access: { [singleModule]: access } },
      { signal },
    );
    return sealed;
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

/** No component becomes a core module; which places could run it is for the place to say. */
async function sealCoreModule(
  artifact: Artifact,
  { grants, denied = [] }: ModuleAccess,
  { composer, inspector, signal }: { composer: Composer; inspector: Inspector; signal: AbortSignal },
): Promise<Artifact> {
  if (artifact.kind !== "core") return artifact;
  const { imports } = await inspector.inspect(artifact.digest, { signal });
  const granted = (grants ?? []).flatMap((text) => decodeGrant(text) ?? []);
  const digest = await composer.sealCore(
    artifact.digest,
    deniedOfCore({ imports, grants: granted, denied }),
    { signal },
  );
  return moduleArtifact(digest, "core");
}

/** An App calls its module nothing, and has no `adapt`. */
function ofSingle(path: string, message: string): string {
  if (path.endsWith(".adapt")) {
    return "is a core module, and its exports do not say whether it is a program (`_start`) or a library (`_initialize`): build it for wasm32-wasip2, or say so in a Composition (`adapt`)";
  }
  return message.replace(`Module \`${singleModule}\`: `, "");
}
