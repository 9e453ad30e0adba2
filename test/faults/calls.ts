/** The calls that an engine makes for one resource, under the resource's own name. */
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { decodeProperties, type Properties, type WireProperties } from "../../provider/values.ts";
import { type Stored, struct, type TestEngine, unary, urnOf } from "../protocol/harness.ts";

export interface Declared {
  type: string;
  name: string;
}

type Client = TestEngine["client"];

export async function check(client: Client, { type, name }: Declared, inputs: Properties, old?: Stored) {
  const request = new providerPb.CheckRequest();
  request.setUrn(urnOf(type, name));
  request.setNews(struct(inputs));
  if (old) request.setOlds(struct(old.inputs));
  const response = await unary<providerPb.CheckResponse>((reply) => client.check(request, reply));
  const failures = response.getFailuresList();
  return {
    inputs: properties(response.getInputs()),
    failures: failures.map((failure) => ({ path: failure.getProperty(), reason: failure.getReason() })),
  };
}

export async function create(
  client: Client,
  { type, name }: Declared,
  inputs: Properties,
  preview: boolean,
): Promise<Stored> {
  const request = new providerPb.CreateRequest();
  request.setUrn(urnOf(type, name));
  request.setProperties(struct(inputs));
  request.setPreview(preview);
  const response = await unary<providerPb.CreateResponse>((reply) => client.create(request, reply));
  return { id: response.getId(), inputs, outputs: properties(response.getProperties()) };
}

export async function update(
  client: Client,
  { type, name }: Declared,
  old: Stored,
  inputs: Properties,
  preview: boolean,
): Promise<Stored> {
  const request = new providerPb.UpdateRequest();
  request.setId(old.id);
  request.setUrn(urnOf(type, name));
  request.setOldInputs(struct(old.inputs));
  request.setOlds(struct(old.outputs));
  request.setNews(struct(inputs));
  request.setPreview(preview);
  const response = await unary<providerPb.UpdateResponse>((reply) => client.update(request, reply));
  return { id: old.id, inputs, outputs: properties(response.getProperties()) };
}

export async function remove(client: Client, { type, name }: Declared, old: Stored): Promise<void> {
  const request = new providerPb.DeleteRequest();
  request.setId(old.id);
  request.setUrn(urnOf(type, name));
  request.setOldInputs(struct(old.inputs));
  request.setProperties(struct(old.outputs));
  await unary<emptyPb.Empty>((reply) => client.delete(request, reply));
}

function properties(value: structPb.Struct | undefined): Properties {
  return decodeProperties((value?.toJavaScript() ?? {}) as WireProperties);
}
