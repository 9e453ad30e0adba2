import * as z from "zod";
import { object, required } from "../schema/fields.ts";
import { type Digest, digestSchema } from "./digest.ts";

/**
 * A module or composition as resources hand it on: plain data, without the bytes. The recipe says how they come about, as
 * one canonical string in one of two forms, told apart by the first character:
 *
 * - `sha256:…`  the bytes of one module, as they are;
 * - `{…}`       canonical JSON of a composition: digests of modules and rules, never a path. See `compose/recipe.ts`.
 */
export interface Artifact {
  digest: Digest;
  kind: "component" | "core";
  recipe: string;
}

export function moduleArtifact(digest: Digest, kind: Artifact["kind"]): Artifact {
  return { digest, kind, recipe: digest };
}

/** The value for inputs and outputs of resources. */
export const artifactFields = object(
  "wasm:index:Artifact",
  "A Wasm artifact by content. Take it from the `artifact` output of a Module; it holds no bytes and no path.",
  {
    digest: required(digestSchema, {
      description: "Digest of the bytes, in the form `sha256:` and 64 lower-case hexadecimal digits.",
    }),
    kind: required(z.enum(["component", "core"]), {
      description: "`component` for a WebAssembly component, `core` for a core module.",
    }),
    recipe: required(z.string(), {
      description:
        "How the bytes come about, as one opaque string: equal recipes give equal bytes. Pass it on as it is; its form is not part of the interface.",
    }),
  },
);
