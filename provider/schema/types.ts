/** From zod to the types of Pulumi's package schema (the meta-schema of pulumi/pulumi, pkg/codegen/schema). */
import * as z from "zod";
import { Asset } from "../values.ts";
import { documentation, typeNames } from "./fields.ts";
import { unwrap } from "./parse.ts";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type TypeSpec = { [key: string]: Json };
export type ObjectSpec = { properties: { [key: string]: Json }; required: string[] };
export type Types = Map<string, TypeSpec>;

/** A file, or anything else that an SDK can hand over as an asset; resources check what it really is. */
export const asset = z.custom<Asset>((value) => value instanceof Asset, {
  error: 'expected a file asset, such as `new pulumi.asset.FileAsset("modules/api.wasm")`',
});

/** The properties of an object schema; the named types that they use are added to `types`. */
export function objectSpec(schema: z.ZodObject, types: Types): ObjectSpec {
  const entries = Object.entries(schema.shape) as [string, z.ZodType][];
  return {
    properties: Object.fromEntries(entries.map(([name, field]) => [name, propertySpec(name, field, types)])),
    required: entries.filter(([, field]) => field.def.type !== "optional").map(([name]) => name),
  };
}

function propertySpec(name: string, field: z.ZodType, types: Types): Json {
  const docs = documentation.get(field);
  if (!docs)
    throw new Error(`The property ${name} has no documentation: make it with required() or optional().`);
  const { description, default: value, secret, replaceOnChanges, plain } = docs;
  return {
    ...typeSpec(field, types),
    description,
    ...(value !== undefined && { default: value }),
    ...(secret && { secret }),
    ...(replaceOnChanges && { replaceOnChanges }),
    ...(plain && { plain }),
  };
}

function typeSpec(field: z.core.$ZodType, types: Types): TypeSpec {
  const schema = unwrap(field) as z.ZodType;
  if (schema === asset) return { $ref: "pulumi.json#/Asset" };
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat) return { type: "string" };
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) return { type: "string" };
  if (schema instanceof z.ZodBoolean) return { type: "boolean" };
  if (schema instanceof z.ZodNumber) return { type: schema.format?.includes("int") ? "integer" : "number" };
  if (schema instanceof z.ZodArray) return { type: "array", items: typeSpec(schema.element, types) };
  if (schema instanceof z.ZodRecord)
    return { type: "object", additionalProperties: typeSpec(schema.valueType, types) };
  if (schema instanceof z.ZodUnion) return unionSpec(schema, types);
  if (schema instanceof z.ZodPipe) return typeSpec(schema.in, types);
  if (schema instanceof z.ZodObject) return referenceTo(schema, types);
  if (schema instanceof z.ZodUnknown || schema instanceof z.ZodAny) return { $ref: "pulumi.json#/Any" };
  throw new Error(`The package schema has no type for a zod ${schema.def.type}.`);
}

function unionSpec(schema: z.ZodUnion, types: Types): TypeSpec {
  const options = schema.options.map((option) => typeSpec(option, types));
  const distinct = [...new Map(options.map((option) => [JSON.stringify(option), option])).values()];
  return distinct.length === 1 && distinct[0] ? distinct[0] : { oneOf: distinct };
}

function referenceTo(schema: z.ZodObject, types: Types): TypeSpec {
  const named = typeNames.get(schema);
  if (!named) throw new Error("An object that is used as a property needs a name: make it with object().");
  if (!types.has(named.token)) {
    // Set before its properties are visited, so that a type may refer to itself.
    types.set(named.token, {});
    types.set(named.token, { type: "object", description: named.description, ...objectSpec(schema, types) });
  }
  return { $ref: `#/types/${named.token}` };
}
