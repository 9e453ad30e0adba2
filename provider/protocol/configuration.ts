/** Handshake, plugin information, schema, and the provider's own configuration. */
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import * as z from "zod";
import { InputErrors, type Problem, ProviderError } from "../errors.ts";
import { packageVersion } from "../package.ts";
import { isUnknown } from "../schema/fields.ts";
import { parse, unwrap } from "../schema/parse.ts";
import { quotedSettings, type Settings, settingsFields } from "../settings.ts";
import {
  containsSecret, decodeProperties, encodeProperties, isSecretAt, OutputValue, type Properties, pathWithoutValue, revealProperties, Secret,
  secretStrings, type Value, type Wire, type WireProperties,
} from "../values.ts"; // biome-ignore format: one import
import { compareInputs } from "./diff.ts";
import { toStruct } from "./errors.ts";
import { type Call, handler } from "./handler.ts";
import { checkFailure, diffResponse } from "./resourceHandlers.ts";

export const configurationHandlers = {
  Handshake: handler(providerPb.ProviderHandshakeRequest, (request, { session }) => {
    session.attach(request.getEngineAddress());
    const response = new providerPb.ProviderHandshakeResponse();
    response.setAcceptSecrets(true);
    response.setAcceptResources(true);
    response.setAcceptOutputs(true);
    response.setSupportsAutonamingConfiguration(false);
    return response;
  }),

  Parameterize: handler(providerPb.ParameterizeRequest, () => {
    throw new ProviderError("unimplemented", "The package wasm takes no parameters.");
  }),

  GetPluginInfo: handler(pluginPb.PluginInfo, () => {
    const response = new pluginPb.PluginInfo();
    response.setVersion(packageVersion);
    return response;
  }),

  GetSchema: handler(providerPb.GetSchemaRequest, async (request) => {
    if (request.getVersion() !== 0) {
      throw new ProviderError(
        "unimplemented",
        `This plugin serves schemas of version 0, not ${request.getVersion()}.`,
      );
    }
    const { packageSchema } = await import("../schema/package.ts");
    const response = new providerPb.GetSchemaResponse();
    response.setSchema(JSON.stringify(packageSchema()));
    return response;
  }),

  CheckConfig: handler(providerPb.CheckRequest, (request, call) => {
    const news = decode(request.getNews(), call);
    const { problems } = settingsOf(news);
    const response = new providerPb.CheckResponse();
    response.setInputs(toStruct(encodeProperties(news)));
    response.setFailuresList(
      problems.map(({ path, message }) =>
        checkFailure({ path: pathWithoutValue(news, path), message }, call.secrets),
      ),
    );
    return response;
  }),

  /** No setting says where resources live, so none of them ever replaces anything. */
  DiffConfig: handler(providerPb.DiffRequest, (request, call) => {
    const old = decode(request.hasOldInputs() ? request.getOldInputs() : request.getOlds(), call);
    const differences = compareInputs(old, decode(request.getNews(), call), new Set());
    return diffResponse({ differences, stables: [] });
  }),

  Configure: handler(providerPb.ConfigureRequest, (request, call) => {
    const args = decode(request.getArgs(), call);
    const { settings, problems } = settingsOf(args);
    if (problems.length > 0) throw new InputErrors(problems);
    call.session.version = typeof args.version === "string" ? args.version : undefined;
    call.session.settings = settings;
    const response = new providerPb.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setAcceptresources(true);
    response.setAcceptoutputs(true);
    response.setSupportspreview(true);
    return response;
  }),
};

function decode(struct: structPb.Struct | undefined, call: Call): Properties {
  const decoded = decodeProperties((struct?.toJavaScript() ?? {}) as WireProperties);
  call.secrets.push(...secretStrings(decoded));
  return decoded;
}

function settingsOf(properties: Properties): { settings: Settings; problems: Problem[] } {
  const given = configured(properties);
  const parsed = parse(settingsFields, revealProperties(given), (path) => isSecretAt(given, path));
  const secrets = quotedSettings
    .filter((key) => given[key] !== undefined && containsSecret(given[key]))
    .map((path) => ({ path, message: "is secret, but errors quote it; set it without --secret" }));
  if (!parsed.ok || secrets.length > 0)
    return { settings: {}, problems: [...secrets, ...(parsed.ok ? [] : parsed.problems)] };
  const known = Object.entries(parsed.value).filter(([, value]) => value !== undefined && !isUnknown(value));
  return { settings: Object.fromEntries(known), problems: [] };
}

/** The engine adds the package's `version`, and sends everything that is not a string as JSON text. */
function configured({ version: _version, ...settings }: Properties): Properties {
  const parts = Object.entries(settings).map(([key, value]) => {
    const field = (settingsFields.shape as Record<string, z.ZodType>)[key];
    const isJson = field !== undefined && !(unwrap(field) instanceof z.ZodString);
    return [key, isJson ? fromJson(value) : value] as const;
  });
  return Object.fromEntries(parts);
}

/** A value that JSON text stands for, also within a secret; other text as it is, for the schema to refuse. */
function fromJson(value: Value): Value {
  if (value instanceof Secret) return new Secret(fromJson(value.value));
  if (value instanceof OutputValue)
    return new OutputValue(fromJson(value.value), value.secret, value.dependencies);
  if (typeof value !== "string") return value;
  try {
    return decodeProperties({ value: JSON.parse(value) as Wire }).value ?? null;
  } catch {
    return value;
  }
}
