/** References from one rendered object to another one whose name is not known before it exists. */
import type { Input } from "@pulumi/pulumi";

/** The `metadata.name` of another child of the App. */
class ChildName {
  /** Token of the child, of which there is one. */
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }
}

/**
 * Stands for a child's name until `resolve` puts that in its place. It is typed as what will stand there, so that rendered objects
 * have Kubernetes' own types.
 */
export function nameOf(token: string): Input<string> {
  return new ChildName(token) as unknown as Input<string>;
}

/** A copy with names in the place of references; whatever is no plain object or list is kept as it is. */
export function resolve<T>(value: T, names: (token: string) => unknown): T {
  return replaced(value, names) as T;
}

function replaced(value: unknown, names: (token: string) => unknown): unknown {
  if (value instanceof ChildName) return names(value.token);
  if (Array.isArray(value)) return value.map((item) => replaced(item, names));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, replaced(part, names)]));
}

/** Tokens of the children that a value refers to, each once. */
export function referencesIn(value: unknown): string[] {
  const found = new Set<string>();
  resolve(value, (token) => found.add(token));
  return [...found];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
