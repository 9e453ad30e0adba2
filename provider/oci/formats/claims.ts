/** What the config of a Wasm artifact says of its component: a claim of the publisher, on which nothing rests. */
import * as z from "zod";
import type { Inspection } from "../../artifacts/inspection.ts";
import type { Descriptor } from "../descriptor.ts";
import { type Pulling, pullDocument } from "./take.ts";
import { shownList } from "./unsupported.ts";

const wasmConfigType = "application/vnd.wasm.config.v0+json";

const names = z.array(z.string().max(1000)).max(10_000);
export const claimsSchema = z.object({ imports: names, exports: names });
export type Claims = z.infer<typeof claimsSchema>;

const configSchema = z.looseObject({ component: claimsSchema });

/** @returns undefined where the config claims nothing that could be held against the bytes */
export async function claimsAt(config: Descriptor, pulling: Pulling): Promise<Claims | undefined> {
  if (config.mediaType !== wasmConfigType) return undefined;
  const bytes = await pullDocument(config, pulling);
  try {
    return configSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8"))).component;
  } catch {
    return undefined;
  }
}

/** One message that names every difference between what the config claims and what the bytes hold; undefined: none. */
export function falseClaims(claims: Claims, { imports, exports }: Inspection): string | undefined {
  const parts = [
    ...differences("imports", claims.imports, imports),
    ...differences("exports", claims.exports, exports),
  ];
  if (parts.length === 0) return undefined;
  return `The artifact's config differs from its bytes, which are what counts: ${parts.join("; ")}. Ask its publisher to push it again.`;
}

function differences(what: string, claimed: readonly string[], real: readonly string[]): string[] {
  const held = new Set(real.flatMap(formsOf));
  const said = new Set(claimed);
  const unsaid = real.filter((name) => !formsOf(name).some((form) => said.has(form)));
  // Plain names can be types, which an inspection leaves out.
  const untrue = [...said].filter((name) => !held.has(name) && name.includes(":"));
  return [
    ...(unsaid.length > 0 ? [`it does not name the ${what} ${shownList(unsaid)}`] : []),
    ...(untrue.length > 0 ? [`it names the ${what} ${shownList(untrue)}, which are not there`] : []),
  ];
}

/**
 * How configs may write a name. An inspection writes `label: interface` where a plain name stands for an interface; an
 * Image and wkg write the label alone, which is the name in the bytes, and others the interface.
 */
function formsOf(name: string): string[] {
  const [, label, ofLabel] = /^([^:]+): (.+)$/.exec(name) ?? [];
  return label !== undefined && ofLabel !== undefined ? [name, label, ofLabel] : [name];
}
