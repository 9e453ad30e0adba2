/** The provider service as an engine sees it: a real gRPC connection to the server in this process. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import errorsPb from "@pulumi/pulumi/proto/errors_pb.js";
import type pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { toStruct } from "../../provider/protocol/errors.ts";
import { serve } from "../../provider/protocol/listen.ts";
import {
  decodeProperties,
  encodeProperties,
  type Properties,
  type WireProperties,
} from "../../provider/values.ts";

type Client = InstanceType<typeof providerGrpc.ResourceProviderClient>;

export interface Stored {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

export function urnOf(type: string, name = "it"): string {
  return `urn:pulumi:dev::project::${type}::${name}`;
}

export class TestEngine {
  readonly client: Client;

  private constructor(client: Client) {
    this.client = client;
  }

  static async attach(settings: Properties = {}): Promise<TestEngine> {
    const port = await serve();
    const engine = new TestEngine(
      new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure()),
    );
    await engine.configure(settings);
    return engine;
  }

  close(): void {
    this.client.close();
  }

  async configure(settings: Properties): Promise<providerPb.ConfigureResponse> {
    const request = new providerPb.ConfigureRequest();
    request.setArgs(struct(settings));
    return unary((reply) => this.client.configure(request, reply));
  }

  async check(type: string, inputs: Properties, olds?: Properties, name?: string) {
    const request = new providerPb.CheckRequest();
    request.setUrn(urnOf(type, name));
    request.setNews(struct(inputs));
    if (olds) request.setOlds(struct(olds));
    const response = await unary<providerPb.CheckResponse>((reply) => this.client.check(request, reply));
    return { inputs: properties(response.getInputs()), failures: failuresOf(response.getFailuresList()) };
  }

  async diff(type: string, old: Stored, news: Properties) {
    const request = new providerPb.DiffRequest();
    request.setId(old.id);
    request.setUrn(urnOf(type));
    request.setOldInputs(struct(old.inputs));
    request.setOlds(struct(old.outputs));
    request.setNews(struct(news));
    const response = await unary<providerPb.DiffResponse>((reply) => this.client.diff(request, reply));
    return {
      changes: response.getChanges(),
      diffs: response.getDiffsList(),
      replaces: response.getReplacesList(),
      stables: response.getStablesList(),
      detailed: Object.fromEntries(
        [...response.getDetaileddiffMap().entries()].map(([path, diff]) => [path, diff.toObject()]),
      ),
    };
  }

  async create(type: string, inputs: Properties, { preview = false, timeout = 0 } = {}): Promise<Stored> {
    const request = new providerPb.CreateRequest();
    request.setUrn(urnOf(type));
    request.setProperties(struct(inputs));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response = await unary<providerPb.CreateResponse>((reply) => this.client.create(request, reply));
    return { id: response.getId(), inputs, outputs: properties(response.getProperties()) };
  }

  async update(
    type: string,
    old: Stored,
    inputs: Properties,
    { preview = false, timeout = 0 } = {},
  ): Promise<Stored> {
    const request = new providerPb.UpdateRequest();
    request.setId(old.id);
    request.setUrn(urnOf(type));
    request.setOldInputs(struct(old.inputs));
    request.setOlds(struct(old.outputs));
    request.setNews(struct(inputs));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response = await unary<providerPb.UpdateResponse>((reply) => this.client.update(request, reply));
    return { id: old.id, inputs, outputs: properties(response.getProperties()) };
  }

  async read(type: string, old: Partial<Stored> & { id: string }): Promise<Stored> {
    const request = new providerPb.ReadRequest();
    request.setId(old.id);
    request.setUrn(urnOf(type));
    request.setInputs(struct(old.inputs ?? {}));
    request.setProperties(struct(old.outputs ?? {}));
    const response = await unary<providerPb.ReadResponse>((reply) => this.client.read(request, reply));
    return {
      id: response.getId(),
      inputs: properties(response.getInputs()),
      outputs: properties(response.getProperties()),
    };
  }

  async delete(type: string, old: Stored): Promise<void> {
    const request = new providerPb.DeleteRequest();
    request.setId(old.id);
    request.setUrn(urnOf(type));
    request.setOldInputs(struct(old.inputs));
    request.setProperties(struct(old.outputs));
    await unary<emptyPb.Empty>((reply) => this.client.delete(request, reply));
  }

  async invoke(token: string, args: Properties) {
    const request = new providerPb.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    const response = await unary<providerPb.InvokeResponse>((reply) => this.client.invoke(request, reply));
    return { result: properties(response.getReturn()), failures: failuresOf(response.getFailuresList()) };
  }

  async schema(): Promise<{ [key: string]: unknown }> {
    const request = new providerPb.GetSchemaRequest();
    const response = await unary<providerPb.GetSchemaResponse>((reply) =>
      this.client.getSchema(request, reply),
    );
    return JSON.parse(response.getSchema()) as { [key: string]: unknown };
  }

  async version(): Promise<string> {
    const request = new emptyPb.Empty();
    const response = await unary<pluginPb.PluginInfo>((reply) => this.client.getPluginInfo(request, reply));
    return response.getVersion();
  }

  async cancel(): Promise<void> {
    await unary<emptyPb.Empty>((reply) => this.client.cancel(new emptyPb.Empty(), reply));
  }
}

export function unary<T>(
  call: (reply: (error: ServiceError | null, response: T) => void) => unknown,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

export function struct(value: Properties): structPb.Struct {
  return toStruct(encodeProperties(value));
}

function properties(value: structPb.Struct | undefined): Properties {
  return decodeProperties((value?.toJavaScript() ?? {}) as WireProperties);
}

function failuresOf(failures: providerPb.CheckFailure[]) {
  return failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

/** The typed detail of a failed call, as the engine reads it. */
export function detailOf(error: ServiceError) {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const [detail] = statusPb.Status.deserializeBinary(bytes as Buffer).getDetailsList();
  return {
    initFailed: detail?.unpack(
      providerPb.ErrorResourceInitFailed.deserializeBinary,
      "pulumirpc.ErrorResourceInitFailed",
    ),
    inputErrors: detail
      ?.unpack(errorsPb.InputPropertiesError.deserializeBinary, "pulumirpc.InputPropertiesError")
      ?.getErrorsList()
      .map((property) => ({ path: property.getPropertyPath(), reason: property.getReason() })),
  };
}
