/** Handshake, plugin information, schema, and the provider's own configuration. */
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { InputErrors, ProviderError } from "../errors.ts";
import { packageVersion } from "../package.ts";
import { isUnknown } from "../schema/fields.ts";
import { parse } from "../schema/parse.ts";
import { type Settings, settingsFields } from "../settings.ts";
import {
  decodeProperties, encodeProperties, type Plain, type Properties, revealProperties, secretStrings, type WireProperties,
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
    const parsed = parse(settingsFields, configured(news));
    const response = new providerPb.CheckResponse();
    response.setInputs(toStruct(encodeProperties(news)));
    response.setFailuresList(
      parsed.ok ? [] : parsed.problems.map((problem) => checkFailure(problem, call.secrets)),
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
    const parsed = parse(settingsFields, configured(args));
    if (!parsed.ok) throw new InputErrors(parsed.problems);
    call.session.version = typeof args.version === "string" ? args.version : undefined;
    call.session.settings = Object.fromEntries(
      Object.entries(parsed.value).filter(([, value]) => value !== undefined && !isUnknown(value)),
    ) as Settings;
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

/** The engine adds the package's `version`, and sends everything that is not a string as JSON text. */
function configured(properties: Properties): Record<string, Plain> {
  const { version: _version, ...settings } = revealProperties(properties);
  return settings;
}
