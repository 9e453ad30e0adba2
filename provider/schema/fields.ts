import * as z from "zod";

/** Stands for a value that the engine does not know yet (an output of something that preview has not created). */
export const unknown: unique symbol = Symbol("unknown");
export type Unknown = typeof unknown;
export type OrUnknown<T> = T | Unknown;

export function isUnknown(value: unknown): value is Unknown {
  return value === unknown;
}

export function isKnown<T>(value: OrUnknown<T>): value is T {
  return value !== unknown;
}

/** Whether a value is unknown, or a part of it is. */
export function holdsUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}

/** What the package schema, the SDKs and the reference pages say of a property, beside its type. */
export interface Documentation {
  /** Markdown: meaning, unit, default, and what a wrong value leads to. */
  description: string;
  /** Used by the SDKs when the program gives no value. */
  default?: string | number | boolean;
  /** Encrypted in state and masked in every output. */
  secret?: boolean;
  /** A change of this property makes a new resource. */
  replaceOnChanges?: boolean;
  /** A component input whose value is needed at once, so that it cannot be an output. */
  plain?: boolean;
}

/** Documentation by schema; read by the generator of the package schema. */
export const documentation = z.registry<Documentation>();

/** Names of object types in the package schema; an object that is used as a property needs one. */
export const typeNames = z.registry<{ token: string; description: string }>();

const unknownSchema = z.custom<Unknown>(isUnknown);

/** Accepts what `schema` accepts, and a value that is not known yet. Its issues are those of `schema`. */
export function orUnknown<T extends z.ZodType>(schema: T) {
  return z.union([unknownSchema, schema]);
}

/** A property that must be given. */
export function required<T extends z.ZodType>(schema: T, docs: Documentation) {
  const field = orUnknown(schema);
  documentation.add(field, docs);
  return field;
}

/** A property that may be left out. */
export function optional<T extends z.ZodType>(schema: T, docs: Documentation) {
  const field = z.optional(orUnknown(schema));
  documentation.add(field, docs);
  return field;
}

/** A list whose items may be unknown one by one. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(orUnknown(item));
}

/** A map whose values may be unknown one by one. */
export function map<T extends z.ZodType>(value: T) {
  return z.record(z.string(), orUnknown(value));
}

/** A named object type; properties that it does not name are an error. */
export function object<T extends z.ZodRawShape>(token: string, description: string, shape: T) {
  const type = z.strictObject(shape);
  typeNames.add(type, { token, description });
  return type;
}

/** A value of which nothing is unknown. */
export type Known<T> = T extends symbol
  ? never
  : T extends readonly (infer Item)[]
    ? Known<Item>[]
    : T extends object
      ? { [Key in keyof T]: Known<T[Key]> }
      : T;

/** Outside preview, everything is known. */
export function allKnown<T>(value: T): Known<T> {
  if (holdsUnknown(value)) throw new Error("An input is still unknown outside preview.");
  return value as Known<T>;
}
