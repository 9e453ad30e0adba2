/** What the components in a composition are, by their bytes alone. */
import type { Digest } from "../digest.ts";
import { callsOutside } from "./deny.ts";
import type { Embedded, Instance } from "./parts.ts";
import { readRules, rulesInterface } from "./rules.ts";
import type { Range } from "./structure.ts";

export type Role =
  /** The names of the modules that have these bytes. */
  | { is: "module"; names: readonly string[] }
  | { is: "guard"; name: string }
  | { is: "rules"; text: string }
  | { is: "deny" }
  | { is: "unknown"; why: string };

/** An instance, and what it is. */
export interface Node extends Instance {
  role: Role;
}

/** Whether a component is one of the small ones that are made for a composition: those are recognised by their form. */
export function madeRole(bytes: Uint8Array, { range, exports }: Embedded): Role {
  try {
    const rules = exports.has(rulesInterface) ? rulesOrFault(bytes, range) : undefined;
    if (rules !== undefined && "text" in rules) return { is: "rules", text: rules.text };
    // A module can import the rules' interface itself, and is denied it then.
    const why = callsOutside(bytes, range);
    return why === undefined ? { is: "deny" } : { is: "unknown", why: rules?.fault ?? why };
  } catch (error) {
    return { is: "unknown", why: messageOf(error) };
  }
}

function rulesOrFault(bytes: Uint8Array, range: Range): { text: string } | { fault: string } {
  try {
    return { text: readRules(bytes, range) };
  } catch (error) {
    return { fault: messageOf(error) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Modules and guards are known by their digests, and anything else by its form. */
export function roleOf(
  bytes: Uint8Array,
  component: Embedded,
  known: { modules: ReadonlyMap<Digest, string[]>; guards: ReadonlyMap<Digest, string> },
): Role {
  const names = known.modules.get(component.digest);
  if (names) return { is: "module", names };
  const guard = known.guards.get(component.digest);
  return guard === undefined ? madeRole(bytes, component) : { is: "guard", name: guard };
}
