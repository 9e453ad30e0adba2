/** The provider's configuration: `pulumi config set wasm:…`, or the arguments of an explicit `wasm.Provider`. */
import { isAbsolute } from "node:path";
import * as z from "zod";
import { optional } from "./schema/fields.ts";

export const settingsFields = z.strictObject({
  cacheDirectory: optional(z.string().refine(isAbsolute, "is relative: give an absolute path"), {
    description:
      "Absolute path of the folder for module bytes, inspections and transpiled code. Default: `$PULUMI_WASM_CACHE`, else `pulumi-wasm` in the " +
      "user's cache folder. It can be deleted at any time; what is needed is made again.",
  }),
});

export interface Settings {
  cacheDirectory?: string;
}
