/** Inputs of an App as the SDK has them, taken apart without losing what is secret, unknown, or depends on what. */
import type { Input, Inputs, Output } from "@pulumi/pulumi";
import outputModule from "@pulumi/pulumi/output.js";
import * as z from "zod";
import { parseCompositionRecipe } from "../artifacts/compose/index.ts";
import { hostKey } from "../capabilities/rulesText.ts";
import { isUnknown } from "../schema/fields.ts";
import { unwrap } from "../schema/parse.ts";
import type { AppInputs } from "./app.ts";
import { singleModule } from "./singleModule.ts";

export function notKnown(): Output<unknown> {
  return outputModule.output(outputModule.unknown);
}

/** A decoded value with unknown leaves as an input. */
export function marked(value: unknown): Input<unknown> {
  if (isUnknown(value)) return notKnown();
  if (Array.isArray(value)) return value.map(marked);
  if (typeof value !== "object" || value === null) return value as Input<unknown>;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, marked(part)]));
}

/** The part of an input at a path, as an output from where the first output stands in the way. */
export function at(input: Input<unknown>, ...path: (string | number)[]): Input<unknown> {
  return path.reduce<Input<unknown>>((part, key) => mapInput(part, (value) => value?.[key]), input);
}

export function mapInput(
  input: Input<unknown>,
  change: (value: Record<string | number, unknown> | undefined) => unknown,
): Input<unknown> {
  if (input === undefined) return undefined;
  if (outputModule.Output.isInstance(input))
    return input.apply((value) => change(value as Record<string, unknown>));
  return change(input as Record<string, unknown>) as Input<unknown>;
}

/**
 * The structure of a schema as far as it is known, with inputs for leaves. A list or an object that is not known yet as a whole
 * is left out: the update shows it.
 *
 * @param known the same inputs as far as they are known
 */
export function leaves(schema: z.core.$ZodType, known: unknown, input: Input<unknown>): unknown {
  const type = unwrap(schema);
  if (type instanceof z.ZodArray) {
    if (!Array.isArray(known)) return undefined;
    const items = known.map((item, index) => leaves(type.element, item, at(input, index)));
    return items.filter((item) => item !== undefined);
  }
  const isObject = type instanceof z.ZodObject;
  if (!isObject && !(type instanceof z.ZodRecord)) return input;
  if (typeof known !== "object" || known === null) return undefined;
  const entries = Object.entries(known).flatMap(([key, part]) => {
    const partSchema = isObject ? type.shape[key] : type.valueType;
    const value = part === undefined || !partSchema ? undefined : leaves(partSchema, part, at(input, key));
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(entries);
}

/** Of bindings that are not known yet, nothing is said of a module. */
export function boundModules({ bindings }: AppInputs): string[] {
  return isUnknown(bindings) ? [singleModule] : Object.keys(bindings ?? {});
}

/** A module's values by the names that its host knows them by. */
export function hostKeys(
  family: "environment" | "config",
  module: string,
  values: Input<unknown>,
  artifact: Input<unknown>,
): Input<unknown> {
  if (values === undefined) return undefined;
  return outputModule.all([values, at(artifact, "recipe")]).apply(([known, recipe]) => {
    if (known === undefined) return undefined;
    const { modules = {} } = parseCompositionRecipe(String(recipe)) ?? {};
    const isShared = Object.keys(modules).length > 1;
    const entries = Object.entries(known as Record<string, unknown>);
    return Object.fromEntries(entries.map(([key, value]) => [hostKey(family, module, key, isShared), value]));
  });
}

/** No two modules have the same names: those of a composition have their module's before them, and volumes are admitted. */
export function merged(maps: Input<unknown>[]): Input<unknown> {
  const given = maps.filter((map) => map !== undefined);
  if (given.length <= 1) return given[0];
  return outputModule.all(given).apply((all) => Object.assign({}, ...all));
}

export function withoutUndefined(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
}
