/** The package schema, made from the same zod schemas that validate every request. */
import type * as z from "zod";
import { functions } from "../functions/index.ts";
import { packageName, packageVersion, publication } from "../package.ts";
import { components, resources } from "../resources/index.ts";
import { settingsFields } from "../settings.ts";
import { unwrap } from "./parse.ts";
import { asset, type Json, objectSpec, type Types } from "./types.ts";

export type PackageSchema = { [key: string]: Json };

export function packageSchema(): PackageSchema {
  const types: Types = new Map();
  const settings = objectSpec(settingsFields, types);
  const schema = {
    name: packageName,
    displayName: publication.displayName,
    version: packageVersion,
    description: "Wasm modules, capability grants and the places where they run, as Pulumi resources.",
    keywords: [
      "pulumi",
      "wasm",
      "webassembly",
      "wasi",
      "component-model",
      "kind/native",
      "category/infrastructure",
    ],
    homepage: publication.homepage,
    repository: publication.repository,
    license: publication.license,
    publisher: publication.publisher,
    pluginDownloadURL: publication.pluginDownloadURL,
    config: { variables: settings.properties },
    provider: {
      description: "Settings of the plugin itself. No credentials belong here.",
      inputProperties: settings.properties,
      requiredInputs: settings.required,
    },
    resources: Object.fromEntries([
      ...[...resources].map(([token, resource]) => [token, resourceSpec(resource, types)]),
      ...[...components].map(([token, component]) => [
        token,
        { isComponent: true, ...resourceSpec({ ...component, echo: false }, types) },
      ]),
    ]),
    functions: Object.fromEntries(
      [...functions].map(([token, definition]) => [token, functionSpec(definition, types)]),
    ),
    language: languages(),
  };
  return { ...schema, types: Object.fromEntries([...types].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

interface Definition {
  description: string;
  inputs: z.ZodObject;
  outputs: z.ZodObject;
  echo?: boolean;
}

function resourceSpec(resource: Definition, types: Types): { [key: string]: Json } {
  const inputs = objectSpec(resource.inputs, types);
  const outputs = objectSpec(resource.outputs, types);
  const echoed = Object.entries(inputs.properties).filter(
    ([name]) => resource.echo !== false && !isAsset(resource.inputs.shape[name] as z.ZodType),
  );
  const properties = Object.fromEntries(echoed.map(([name, spec]) => [name, withoutInputOnly(spec)]));
  return {
    description: resource.description,
    properties: { ...properties, ...outputs.properties },
    required: [
      ...echoed
        .map(([name]) => name)
        .filter((name) => inputs.required.includes(name) && !(name in outputs.properties)),
      ...outputs.required,
    ],
    inputProperties: inputs.properties,
    requiredInputs: inputs.required,
  };
}

function isAsset(field: z.ZodType): boolean {
  return unwrap(field) === asset;
}

function withoutInputOnly(spec: Json): Json {
  const {
    default: _default,
    replaceOnChanges: _replaceOnChanges,
    plain: _plain,
    ...rest
  } = spec as { [key: string]: Json };
  return rest;
}

function functionSpec(definition: Definition, types: Types): { [key: string]: Json } {
  const inputs = objectSpec(definition.inputs, types);
  const outputs = objectSpec(definition.outputs, types);
  return {
    description: definition.description,
    inputs: { type: "object", properties: inputs.properties, required: inputs.required },
    outputs: { type: "object", properties: outputs.properties, required: outputs.required },
  };
}

function languages(): { [key: string]: Json } {
  const readme =
    "Wasm modules, capability grants and the places where they run, as Pulumi resources. Generated.";
  return {
    nodejs: {
      readme,
      packageName: publication.nodePackage,
      dependencies: { "@pulumi/pulumi": "^3.142.0" },
      respectSchemaVersion: true,
    },
    python: {
      readme,
      packageName: publication.pythonPackage,
      requires: { pulumi: ">=3.142.0,<4.0.0" },
      pyproject: { enabled: true },
      respectSchemaVersion: true,
    },
    go: {
      importBasePath: publication.goImportBase,
      generateResourceContainerTypes: true,
      respectSchemaVersion: true,
    },
    csharp: {
      rootNamespace: publication.dotnetNamespace,
      packageReferences: { Pulumi: "3.*" },
      respectSchemaVersion: true,
    },
  };
}
