import type { Inspection } from "../inspection.ts";
import { parseInterface } from "./names.ts";
import type { Plan } from "./types.ts";

/**
 * The result asks the host for what was planned at most, and exports just that: what grants are held against.
 * wac merges the imports of a track into the highest version, and asks for an older one beside it where an interface that
 * it leaves alone uses types of that.
 *
 * @throws Error: a defect of the composer, not of the declaration
 */
export function requirePlanned({ unmet, exports }: Plan, made: Inspection): void {
  const allowed = new Set(unmet.map(({ name }) => trackOf(name)));
  const unplanned = made.imports.filter((name) => !allowed.has(trackOf(name)));
  const planned = exports.map((item) => item.export).sort();
  if (unplanned.length === 0 && planned.join() === made.exports.join()) return;
  throw new Error(
    `The composer made another component than planned: imports ${unplanned.join(", ") || "as planned"}; exports ${made.exports.join(", ")}.`,
  );
}

function trackOf(name: string): string {
  return parseInterface(name)?.track ?? name;
}
