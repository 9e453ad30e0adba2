/** The provider's configuration: `pulumi config set wasm:…`, or the arguments of an explicit `wasm.Provider`. */
import { isAbsolute } from "node:path";
import * as z from "zod";
import { type MaximumGrants, maximumFields } from "./capabilities/maximum.ts";
import { optional } from "./schema/fields.ts";

export const settingsFields = z.strictObject({
  cacheDirectory: optional(z.string().refine(isAbsolute, "is relative: give an absolute path"), {
    description:
      "Absolute path of the folder for module bytes, inspections and transpiled code. Default: `$PULUMI_WASM_CACHE`, else `pulumi-wasm` in the " +
      "user's cache folder. It can be deleted at any time; what is needed is made again.",
  }),
  maximumGrants: optional(maximumFields, {
    description:
      "The most that modules may be granted: a grant above it is an error in preview. `{}` lets nothing be granted; without this setting " +
      "nothing is limited. A guardrail against mistakes, not a boundary against whoever writes the program. It cannot be secret, for " +
      "errors quote it.",
  }),
});

export interface Settings {
  cacheDirectory?: string;
  maximumGrants?: MaximumGrants;
}

/** Settings that errors quote, and that cannot be secret for that reason. */
export const quotedSettings: readonly (keyof Settings)[] = ["maximumGrants"];
