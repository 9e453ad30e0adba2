/** The detailed difference of two sets of inputs, one entry per path where they part. */
import type { Difference } from "../resources/resource.ts";
import { isUnknown } from "../schema/fields.ts";
import { propertyPath } from "../schema/parse.ts";
import {
  Archive,
  Asset,
  isRecord,
  OutputValue,
  type Properties,
  ResourceReference,
  Secret,
  type Value,
} from "../values.ts";

/** Compares inputs; `replaceOn` names the top-level properties whose change makes a new resource. */
export function compareInputs(
  old: Properties,
  now: Properties,
  replaceOn: ReadonlySet<string>,
): Difference[] {
  const differences: Difference[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    compare(old[key], now[key], [key], (path, kind) => {
      differences.push({ path: propertyPath(path), kind, replace: replaceOn.has(key), input: true });
    });
  }
  return differences;
}

type Report = (path: readonly PropertyKey[], kind: Difference["kind"]) => void;

function compare(
  oldValue: Value | undefined,
  newValue: Value | undefined,
  path: PropertyKey[],
  report: Report,
): void {
  const old = unwrap(oldValue);
  const now = unwrap(newValue);
  if (old === undefined && now === undefined) return;
  if (old === undefined) report(path, "add");
  else if (now === undefined) report(path, "delete");
  else if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) compare(old[i], now[i], [...path, i], report);
  } else if (isRecord(old) && isRecord(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      compare(old[key], now[key], [...path, key], report);
    }
  } else if (!equal(old, now)) report(path, "update");
}

/** Secretness is not a difference, and `null` is a property left out. */
function unwrap(value: Value | undefined): Value | undefined {
  if (value instanceof Secret || value instanceof OutputValue) return unwrap(value.value);
  return value ?? undefined;
}

function equal(old: Value, now: Value): boolean {
  if (isUnknown(old) || isUnknown(now)) return false;
  // Content decides, not the place that it comes from.
  if (old instanceof Asset && now instanceof Asset && old.hash && now.hash) return old.hash === now.hash;
  if (old instanceof Asset && now instanceof Asset)
    return JSON.stringify(old.source) === JSON.stringify(now.source);
  if (old instanceof Archive && now instanceof Archive)
    return JSON.stringify(old.wire) === JSON.stringify(now.wire);
  if (old instanceof ResourceReference && now instanceof ResourceReference) {
    return old.urn === now.urn && old.id === now.id;
  }
  return old === now;
}
