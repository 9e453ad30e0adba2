/** Cover of modules that are made up: by their imports, and by what made them. */
import type { Inspection } from "../../provider/artifacts/inspection.ts";
import { type Coverage, type CoverInput, cover } from "../../provider/capabilities/cover.ts";
import { type Grant, grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";

export const grant = (inputs: unknown, name = "g"): Grant => grantOf(name, grantFields.parse(inputs));

export function covered(
  imports: string[],
  input: Partial<CoverInput> = {},
  producers: Inspection["producers"] = [],
): Coverage {
  return cover({ module: "main", inspection: { imports, producers }, grants: [], denied: [], ...input });
}

export const http = "wasi:http/outgoing-handler@0.2.3";
