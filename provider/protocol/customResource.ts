/** Calls a resource definition with the engine's properties, and gives back properties: secrets and unknowns survive. */
import type * as z from "zod";
import { InputErrors, PartialFailure, type Problem, ProviderError } from "../errors.ts";
import type { Context, CustomResource, State } from "../resources/resource.ts";
import { documentation, isUnknown } from "../schema/fields.ts";
import { type Parsed, parse } from "../schema/parse.ts";
import {
  Archive, Asset, containsSecret, isSecretAt, type Plain, type Properties, pathWithoutValue, reveal, revealProperties, Secret, type Value,
} from "../values.ts"; // biome-ignore format: one import
import { besideSecrets, secretsInArtifact } from "./artifactInputs.ts";
import { compareInputs } from "./diff.ts";

type Fields = Record<string, unknown>;

export interface Stored {
  id: string;
  inputs: Properties | undefined;
  outputs: Properties;
}

export async function check(resource: CustomResource, news: Properties, context: Context) {
  const inputs = withDefaults(resource.inputs, news);
  const parsed = parseInputs(resource.inputs, inputs);
  const wrong = inputProblems(resource, inputs, parsed);
  const problems =
    parsed.ok && wrong.length === 0 ? ((await resource.check?.(parsed.value, context)) ?? []) : wrong;
  return { inputs, problems: problems.map((problem) => ({ ...problem, path: shown(inputs, problem) })) };
}

/**
 * Defaults are filled in here and not only in the SDKs, so that every language leaves the same state; for the same reason
 * `null` is the same as nothing.
 */
function withDefaults(schema: z.ZodObject, inputs: Properties): Properties {
  const given = Object.entries(inputs).filter(([, value]) => value !== null && reveal(value) !== null);
  const defaults = Object.entries(schema.shape).flatMap(([key, field]) => {
    const value = documentation.get(field as z.ZodType)?.default;
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries([...defaults, ...given]);
}

export async function diff(resource: CustomResource, old: Stored, news: Properties, context: Context) {
  const replaceOn = new Set(
    Object.entries(resource.inputs.shape)
      .filter(([, field]) => documentation.get(field as z.ZodType)?.replaceOnChanges)
      .map(([key]) => key),
  );
  const found = compareInputs(old.inputs ?? old.outputs, news, replaceOn);
  const parsed = parse(resource.inputs, revealProperties(news));
  const differences =
    resource.diff && parsed.ok
      ? await resource.diff(stateOf(resource, old), parsed.value, found, context)
      : found;
  return { differences, stables: resource.stables ?? [] };
}

export async function create(resource: CustomResource, inputs: Properties, context: Context) {
  const created = await keepingPartial(resource, inputs, () =>
    resource.create(typed(resource, inputs), context),
  );
  return {
    id: context.preview ? "" : created.id,
    outputs: outputsOf(resource, inputs, created.outputs as Fields),
  };
}

export async function update(resource: CustomResource, old: Stored, inputs: Properties, context: Context) {
  const outputs = await keepingPartial(resource, inputs, () =>
    resource.update(stateOf(resource, old), typed(resource, inputs), context),
  );
  return outputsOf(resource, inputs, outputs as Fields);
}

export async function read(
  resource: CustomResource,
  old: Stored,
  context: Context,
): Promise<Stored | undefined> {
  if (!resource.read) return old;
  const found = await resource.read(stateOf(resource, old), context);
  if (!found) return undefined;
  const inputs = found.inputs ? toProperties(found.inputs as Fields) : old.inputs;
  return { id: found.id, inputs, outputs: outputsOf(resource, inputs ?? {}, found.outputs as Fields) };
}

export async function importResource(
  resource: CustomResource,
  id: string,
  context: Context,
): Promise<Stored | undefined> {
  if (!resource.import) {
    const name = resource.token.split(":").at(-1);
    throw new ProviderError(
      "unimplemented",
      `A ${name} exists in the program only, so there is nothing to import: declare it.`,
    );
  }
  const found = await resource.import(id, context);
  if (!found) return undefined;
  const inputs = toProperties(found.inputs as Fields);
  return { id: found.id, inputs, outputs: outputsOf(resource, inputs, found.outputs as Fields) };
}

export async function remove(resource: CustomResource, old: Stored, context: Context): Promise<void> {
  await resource.delete?.(stateOf(resource, old), context);
}

/** Beside a problem of the resource as a whole the engine prints no value. */
function shown(inputs: Properties, { path }: Problem): string {
  return path === "" ? path : pathWithoutValue(inputs, path);
}

/** Parses what the engine sent; what is wrong with a secret is said without quoting it. */
export function parseInputs<T extends z.ZodObject>(schema: T, inputs: Properties) {
  return parse(schema, revealProperties(inputs), (path) => isSecretAt(inputs, path));
}

function typed(resource: CustomResource, inputs: Properties): Fields {
  const parsed = parseInputs(resource.inputs, inputs);
  // The engine sends what Check has passed; anything else is a state that was edited or a request made by hand.
  const wrong = inputProblems(resource, inputs, parsed);
  if (!parsed.ok || wrong.length > 0) throw new InputErrors(wrong);
  return parsed.value as Fields;
}

/** What is wrong with the inputs before the resource itself looks at them; of a secret that must go, nothing more. */
function inputProblems(
  { artifactInputs = [] }: CustomResource,
  inputs: Properties,
  parsed: Parsed<unknown>,
): Problem[] {
  const secrets = secretsInArtifact(artifactInputs, inputs);
  return parsed.ok ? secrets : [...secrets, ...besideSecrets(parsed.problems, secrets)];
}

/** Old state is read with forbearance: an older version wrote it, or a run that was interrupted. */
function stateOf(resource: CustomResource, old: Stored): State<z.ZodObject, z.ZodObject> {
  const inputs = old.inputs && parse(resource.inputs, revealProperties(old.inputs));
  const revealed = revealProperties(old.outputs);
  const outputs = Object.entries(resource.outputs.shape).flatMap(([key, field]) => {
    const value = parse(field as z.ZodType, revealed[key]);
    return value.ok && value.value !== undefined && !isUnknown(value.value)
      ? [[key, value.value] as const]
      : [];
  });
  return {
    id: old.id,
    inputs: inputs?.ok ? inputs.value : undefined,
    outputs: Object.fromEntries(outputs),
  };
}

async function keepingPartial<T>(
  resource: CustomResource,
  inputs: Properties,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    const outputs = outputsOf(resource, inputs, revealProperties(error.outputs));
    throw new PartialFailure(error.id, outputs, error.message, { cause: error });
  }
}

function outputsOf(resource: CustomResource, inputs: Properties, computed: Fields): Properties {
  const echoed = Object.entries(inputs).filter(
    ([key, value]) =>
      resource.echo !== false &&
      key in resource.inputs.shape &&
      !(key in resource.outputs.shape) &&
      !holdsBytes(value),
  );
  const derived = Object.keys(resource.outputs.shape).flatMap((key) => {
    const value = toValue(computed[key]);
    if (value === undefined) return [];
    return [[key, isDerivedFromSecret(resource, inputs, key) ? new Secret(value) : value] as const];
  });
  return Object.fromEntries([...echoed, ...derived]);
}

function isDerivedFromSecret(resource: CustomResource, inputs: Properties, output: string): boolean {
  if (documentation.get(resource.outputs.shape[output] as z.ZodType)?.secret) return true;
  const sources = resource.derivedFrom?.[output] ?? Object.keys(inputs);
  return sources.some((key) => inputs[key] !== undefined && containsSecret(inputs[key]));
}

function holdsBytes(value: Value): boolean {
  const [content] = Object.values(revealProperties({ value }));
  return content instanceof Asset || content instanceof Archive;
}

export function toProperties(fields: Fields): Properties {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, toValue(value)]),
  );
}

/** Typed values are plain data, assets and unknowns: they are properties as they are, but for what is left out. */
function toValue(value: unknown): Value {
  if (Array.isArray(value)) return value.map(toValue);
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return toProperties(value as Fields);
  }
  return value as Plain as Value;
}
