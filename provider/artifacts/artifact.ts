import * as z from "zod";
import { object, required } from "../schema/fields.ts";
import { type Digest, digestSchema } from "./digest.ts";

/**
 * How the bytes of an artifact come about, as one canonical string, equal exactly when the bytes are.
 * Two forms, told apart by the first character:
 *
 * - `sha256:…`  the bytes of one module, as they are;
 * - `{…}`       canonical JSON (sorted keys, no spaces) of a composition: digests of modules and rules, never a path.
 *   No version of this package writes it yet, and `parseRecipe` refuses it.
 */
export type Recipe = { module: Digest };

/** A module or composition as resources hand it on: plain data, without the bytes. */
export interface Artifact {
  digest: Digest;
  kind: "component" | "core";
  recipe: string;
}

export function moduleArtifact(digest: Digest, kind: Artifact["kind"]): Artifact {
  return { digest, kind, recipe: digest };
}

/** @throws Error when the recipe was written by a newer version or by hand */
export function parseRecipe(recipe: string): Recipe {
  const digest = digestSchema.safeParse(recipe);
  if (digest.success) return { module: digest.data };
  throw new Error(
    "This version of the plugin does not know the recipe of this artifact. Upgrade the plugin.",
  );
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
