/** Names of imports as an Inspection has them, and which of them may stand for one another. */
import { meaningOf, parseImportName } from "../../capabilities/vocabulary.ts";
import { parseInterface } from "../compose/names.ts";
import type { Extern } from "../sections.ts";

/** A name taken apart: `cache: wasi:keyvalue/store@0.2.0-draft` is the label `cache` for an interface. */
export interface ItemName {
  label: string | undefined;
  item: string;
}

export function splitLabel(name: string): ItemName {
  const at = name.indexOf(": ");
  return at === -1
    ? { label: undefined, item: name }
    : { label: name.slice(0, at), item: name.slice(at + 2) };
}

type Name = Pick<Extern, "name" | "implements">;

export function itemOf({ name, implements: item }: Name): ItemName {
  return item === undefined ? { label: undefined, item: name } : { label: name, item };
}

export function fullName({ name, implements: item }: Name): string {
  return item === undefined ? name : `${name}: ${item}`;
}

/** Whether two names without labels are of one interface, in versions of one track. Other names only equal themselves. */
export function sameTrack(a: string, b: string): boolean {
  return a === b || trackOf(a) === trackOf(b);
}

function trackOf(item: string): string {
  return parseInterface(item)?.track ?? item;
}

/** Whether an interface gives types and plumbing only. */
export function isStructural(item: string): boolean {
  return meaningOf(parseImportName(item)).kind === "structural";
}
