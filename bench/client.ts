/** The provider service over the wire, as the engine calls it. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import type pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { TaskError } from "../tools/task.ts";

type Struct = structPb.Struct | undefined;

export class Client implements Disposable {
  readonly #client: InstanceType<typeof providerGrpc.ResourceProviderClient>;

  constructor(port: number) {
    this.#client = new providerGrpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  getPluginInfo(): Promise<pluginPb.PluginInfo> {
    return unary((reply) => this.#client.getPluginInfo(new emptyPb.Empty(), reply));
  }

  /** Resolves to the checked inputs; a failure is an error here. */
  async check(type: string, news: Struct): Promise<Struct> {
    const request = new providerPb.CheckRequest();
    request.setUrn(urnOf(type));
    request.setNews(news);
    const response = await unary<providerPb.CheckResponse>((reply) => this.#client.check(request, reply));
    const [failure] = response.getFailuresList();
    if (failure) throw new TaskError(`Check of ${type} failed: ${failure.getReason()}`);
    return response.getInputs();
  }

  /** Resolves to whether there is a difference. */
  async diff(type: string, old: { inputs: Struct; outputs: Struct }, news: Struct): Promise<boolean> {
    const request = new providerPb.DiffRequest();
    request.setId("it");
    request.setUrn(urnOf(type));
    request.setOldInputs(old.inputs);
    request.setOlds(old.outputs);
    request.setNews(news);
    const response = await unary<providerPb.DiffResponse>((reply) => this.#client.diff(request, reply));
    return response.getChanges() === providerPb.DiffResponse.DiffChanges.DIFF_SOME;
  }

  /** Gives the provider its configuration, as the engine does before all else of a run. */
  async configure(settings: Struct): Promise<void> {
    const request = new providerPb.ConfigureRequest();
    request.setArgs(settings);
    request.setAcceptsecrets(true);
    await unary((reply) => this.#client.configure(request, reply));
  }

  /** Resolves to the outputs. */
  create(type: string, inputs: Struct): Promise<Struct> {
    return this.#create(type, inputs, false);
  }

  /** Creates as a preview does; resolves to the outputs. */
  previewCreate(type: string, inputs: Struct): Promise<Struct> {
    return this.#create(type, inputs, true);
  }

  async #create(type: string, inputs: Struct, preview: boolean): Promise<Struct> {
    const request = new providerPb.CreateRequest();
    request.setUrn(urnOf(type));
    request.setProperties(inputs);
    request.setPreview(preview);
    const response = await unary<providerPb.CreateResponse>((reply) => this.#client.create(request, reply));
    return response.getProperties();
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function urnOf(type: string): string {
  return `urn:pulumi:dev::bench::${type}::it`;
}

function unary<T>(call: (reply: (error: ServiceError | null, response: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}
