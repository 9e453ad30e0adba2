/** From a zod schema's verdict to problems at property paths, in words that a user of Pulumi expects. */
import type * as z from "zod";
import type { Problem } from "../errors.ts";
import { documentation } from "./fields.ts";

export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/** @param isSecret whether the value at a path is: then no message quotes a part of it */
export function parse<T extends z.ZodType>(
  schema: T,
  value: unknown,
  isSecret: (path: Path) => boolean = () => false,
): Parsed<z.output<T>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const input = { schema, value, isSecret };
  return { ok: false, problems: result.error.issues.flatMap((issue) => problems(input, issue, [])) };
}

export type Path = readonly PropertyKey[];

interface Input {
  schema: z.ZodType;
  value: unknown;
  isSecret(path: Path): boolean;
}

function problems(input: Input, issue: z.core.$ZodIssue, parent: Path): Problem[] {
  const path = [...parent, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const branch = mostSpecific(issue.errors);
    if (branch) return branch.flatMap((inner) => problems(input, inner, path));
  }
  if (issue.code === "unrecognized_keys") {
    const known = propertyNames(input.schema, path);
    const hint = known.length > 0 ? `; the properties are ${known.join(", ")}` : "";
    return issue.keys.map((key) => ({
      path: propertyPath([...path, key]),
      message: `unknown property${hint}`,
    }));
  }
  return [{ path: propertyPath(path), message: message(input, issue, path) }];
}

/** The option whose issues lie deepest is the one that the user meant; else the last one says what is wrong. */
function mostSpecific(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const depth = (branch: z.core.$ZodIssue[]) => Math.max(0, ...branch.map((issue) => issue.path.length));
  const candidates = branches.filter(
    (branch, index) => branch.length > 0 && !(index === 0 && isNotUnknown(branch)),
  );
  return candidates.reduce<z.core.$ZodIssue[] | undefined>(
    (best, branch) => (best === undefined || depth(branch) >= depth(best) ? branch : best),
    undefined,
  );
}

/** What the option "not known yet", which stands first, says of any value: nothing that helps. */
function isNotUnknown([first, ...others]: readonly z.core.$ZodIssue[]): boolean {
  return first?.code === "custom" && first.path.length === 0 && others.length === 0;
}

function message({ schema, value, isSecret }: Input, issue: z.core.$ZodIssue, path: Path): string {
  const found = at(value, path);
  switch (issue.code) {
    case "custom":
      return isSecret(path) ? unsaid(schema, path) : issue.message;
    case "invalid_value":
      if (found === undefined) return missing(schema, path);
      return `expected ${issue.values.map((option) => JSON.stringify(option)).join(" or ")}`;
    case "too_small":
    case "too_big":
      return bound(issue) ?? issue.message;
    case "invalid_type":
      return found === undefined ? missing(schema, path) : wrongType(issue.expected, found);
    default:
      return issue.message;
  }
}

/** Messages of our own parsers quote the value, in part or in another form, which no redaction of the whole would find. */
function unsaid(schema: z.ZodType, path: Path): string {
  const wanted = [path, path.slice(0, -1)].map((part) => describe(schema, part)).find(Boolean);
  const hint = wanted === undefined ? "" : `: ${wanted}`;
  return `has not the form that is wanted (it is secret, so no more is said of it)${hint}`;
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string | undefined {
  const { origin, inclusive } = issue;
  if (origin === "number" || origin === "int") {
    return issue.code === "too_small"
      ? `must be ${inclusive ? "at least" : "more than"} ${issue.minimum}`
      : `must be ${inclusive ? "at most" : "less than"} ${issue.maximum}`;
  }
  return origin === "string" && issue.code === "too_small" && issue.minimum === 1
    ? "must not be empty"
    : undefined;
}

function missing(schema: z.ZodType, path: Path): string {
  const description = describe(schema, path);
  return `is required${description ? `: ${firstSentence(description)}` : ""}`;
}

function wrongType(expected: string, value: unknown): string {
  const got = expected === "int" && typeof value === "number" ? "one with a fraction" : noun(kind(value));
  return `expected ${noun(expected)}, got ${got}`;
}

function firstSentence(markdown: string): string {
  return /^.*?\.(?=\s|$)/s.exec(markdown)?.[0].replace(/\.$/, "") ?? markdown;
}

function noun(type: string): string {
  if (type === "record" || type === "object") return "an object";
  if (type === "array") return "a list";
  if (type === "boolean") return "true or false";
  if (type === "int") return "a whole number";
  if (type === "null") return type;
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function kind(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "object" && value.constructor !== Object
    ? value.constructor.name.toLowerCase()
    : typeof value;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, key) =>
      typeof part === "object" && part !== null ? (part as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** `http[1]`, `bindings.main.environment["A.B"]`: the notation of Pulumi's property paths. */
export function propertyPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/** The schema below optionals and unions with "not known yet". */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const definition = (schema as z.ZodType).def as {
    type: string;
    innerType?: z.core.$ZodType;
    options?: z.core.$ZodType[];
  };
  if (definition.type === "optional" && definition.innerType) return unwrap(definition.innerType);
  const [first, second, ...others] = definition.options ?? [];
  if (definition.type === "union" && first && second && others.length === 0 && isUnknownOption(first))
    return unwrap(second);
  return schema;
}

function isUnknownOption(schema: z.core.$ZodType): boolean {
  return (schema as z.ZodType).def.type === "custom";
}

function schemaAt(
  schema: z.core.$ZodType,
  path: Path,
): { field: z.core.$ZodType; inner: z.core.$ZodType } | undefined {
  const inner = unwrap(schema);
  const [key, ...rest] = path;
  if (key === undefined) return { field: schema, inner };
  const definition = (inner as z.ZodType).def as {
    type: string;
    shape?: Record<string, z.core.$ZodType>;
    element?: z.core.$ZodType;
    valueType?: z.core.$ZodType;
  };
  const next = definition.shape?.[String(key)] ?? definition.element ?? definition.valueType;
  return next && schemaAt(next, rest);
}

function describe(schema: z.ZodType, path: Path): string | undefined {
  const found = schemaAt(schema, path);
  return found && documentation.get(found.field as z.ZodType)?.description;
}

function propertyNames(schema: z.ZodType, path: Path): string[] {
  const inner = schemaAt(schema, path)?.inner;
  const shape = inner && ((inner as z.ZodType).def as { shape?: Record<string, unknown> }).shape;
  return shape ? Object.keys(shape) : [];
}
