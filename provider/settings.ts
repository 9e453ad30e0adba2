/** The provider's configuration: `pulumi config set wasm:…`, or the arguments of an explicit `wasm.Provider`. */
import * as z from "zod";
import { optional } from "./schema/fields.ts";

export const settingsFields = z.strictObject({
  cacheDirectory: optional(z.string().min(1), {
    description:
      "Folder for module bytes, inspections and transpiled code. Default: `$PULUMI_WASM_CACHE`, else `pulumi-wasm` in the " +
      "user's cache folder. It can be deleted at any time; what is needed is made again.",
  }),
});

export interface Settings {
  cacheDirectory?: string;
}
