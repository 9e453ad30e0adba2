/** What each module of a declaration is: its world, and what the recipe says of it. */
import { propertyPath } from "../../schema/parse.ts";
import type { Artifact } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import { ArtifactError } from "../errors.ts";
import type { Inspector } from "../inspect.ts";
import type { Inspection } from "../inspection.ts";
import { type Content, contentOf } from "./recipe.ts";
import type { Adaptation, CompositionModule, ModuleWorld, Remark } from "./types.ts";
import { moduleName } from "./wac.ts";

export interface Described {
  content: Content;
  world: ModuleWorld;
}

interface Tools {
  inspector: Inspector;
  ensure: (artifact: Artifact) => Promise<unknown>;
  adapt: (digest: Digest, kind: Adaptation) => Promise<Digest>;
  signal: AbortSignal | undefined;
}

/** Describes all modules, with the problems of all of them. */
export async function describeModules(
  modules: Readonly<Record<string, CompositionModule>>,
  tools: Tools,
): Promise<{ modules: Record<string, Described>; problems: Remark[] }> {
  const described: Record<string, Described> = {};
  const problems: Remark[] = [];
  if (Object.keys(modules).length === 0) {
    problems.push({ path: "modules", message: "A composition is made of at least one module." });
  }
  for (const [name, module] of Object.entries(modules)) {
    const path = propertyPath(["modules", name]);
    if (!moduleName.test(name) || name.length > 64) {
      problems.push({ path, message: nameMessage(name) });
      continue;
    }
    try {
      described[name] = await describe(name, module, tools);
    } catch (error) {
      if (!(error instanceof ArtifactError) || error.code === "cancelled" || error.code === "cache") {
        throw error;
      }
      const property = error.property ? `${path}.${error.property}` : path;
      const message = `Module \`${name}\`: ${error.message}`;
      problems.push({ path: property, message, ...(error.code === "not-found" && { missing: true }) });
    }
  }
  return { modules: described, problems };
}

async function describe(
  name: string,
  { artifact, adapt }: CompositionModule,
  tools: Tools,
): Promise<Described> {
  const inspection = await inspect(artifact, tools);
  if (inspection.kind === "component") {
    if (adapt !== undefined) {
      throw problem("adapt", "It is a component already. Leave `adapt` out, which is for core modules.");
    }
    return { content: contentOf(artifact), world: inspection };
  }
  const kind = adapt ?? inferred(inspection);
  const content = contentOf(artifact, kind);
  try {
    const component = await tools.adapt(artifact.digest, kind);
    return { content, world: await tools.inspector.inspect(component, { signal: tools.signal }) };
  } catch (error) {
    if (error instanceof ArtifactError && error.code === "not-deployable")
      throw cannotAdapt(name, kind, error);
    throw error;
  }
}

/** Known from a former run, or from the bytes, which are made again for it where they can be. */
async function inspect(artifact: Artifact, { inspector, ensure, signal }: Tools): Promise<Inspection> {
  try {
    return await inspector.inspect(artifact.digest, { signal });
  } catch (error) {
    if (!(error instanceof ArtifactError && error.code === "not-found")) throw error;
    await ensure(artifact);
    return inspector.inspect(artifact.digest, { signal });
  }
}

/** Tool chains mark what they made by these exports: WASI's application ABI for preview 1. */
function inferred({ exports }: Inspection): Adaptation {
  const isCommand = exports.includes("_start");
  const isReactor = exports.includes("_initialize");
  if (isCommand && !isReactor) return "command";
  if (isReactor && !isCommand) return "reactor";
  throw problem(
    "adapt",
    `It is a core module that exports ${isCommand ? "both" : "neither"} \`_start\` ${isCommand ? "and" : "nor"} \`_initialize\`: say what it is, adapt: "command" (a program) or "reactor" (a library).`,
  );
}

function cannotAdapt(name: string, kind: Adaptation, cause: ArtifactError): ArtifactError {
  return problem(
    "",
    `It is a core module and cannot be adapted as a ${kind}: ${causes(cause.message)}. Build \`${name}\` as a component, for instance for wasm32-wasip2.`,
    cause,
  );
}

/** What the adapter says went wrong, which it numbers line by line, without its own part in it. */
function causes(message: string): string {
  const lines = message.split("\n").map((line) => line.replace(/^\s*(\d+: )?/, "").replace(/:?\s*$/, ""));
  return lines
    .slice(lines.indexOf("Caused by") + 1)
    .filter((line) => line !== "")
    .join(": ")
    .slice(0, 500);
}

function problem(property: string, message: string, cause?: unknown): ArtifactError {
  return new ArtifactError("not-deployable", message, { property, cause });
}

function nameMessage(name: string): string {
  const proposal = name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/-(?=\d)/g, "")
    .replace(/^[\d-]+|-+$/g, "");
  const example = moduleName.test(proposal) ? ` For instance: \`${proposal}\`.` : "";
  return `\`${name}\` cannot name a module: use words of lower-case letters and digits that begin with a letter, joined by hyphens, at most 64 characters.${example}`;
}
