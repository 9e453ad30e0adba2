/**
 * Plain data as one canonical string (sorted keys, no spaces) in which what is not known yet is marked, leaf by leaf.
 * Equal data give equal strings.
 */
import type * as z from "zod";
import { isUnknown, unknown } from "./fields.ts";

/** No property of this package can hold it: control characters are refused everywhere. */
const mark = "\u0000unknown";

export function encodeMarked(value: unknown): string {
  return JSON.stringify(canonical(value));
}

function canonical(value: unknown): unknown {
  if (isUnknown(value)) return mark;
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, part]) => [key, canonical(part)]),
  );
}

/** @returns undefined where the text is not what `encodeMarked` makes of a value that the schema accepts */
export function decodeMarked<T extends z.ZodType>(schema: T, text: string): z.output<T> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(text, (_key, part) => (part === mark ? unknown : part)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
