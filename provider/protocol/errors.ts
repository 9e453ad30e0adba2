/**
 * Errors on the wire, with the status that the engine acts on. Only `internal` means "the state of the world is unknown";
 * every other code tells the engine that nothing happened that it has not been told of.
 */
import { Metadata, status } from "@grpc/grpc-js";
import errorsPb from "@pulumi/pulumi/proto/errors_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { type ErrorCode, InputErrors, PartialFailure, ProviderError, UserError } from "../errors.ts";
import { encodeProperties, redact, type WireProperties } from "../values.ts";

const codes: Record<ErrorCode, status> = {
  invalid: status.INVALID_ARGUMENT,
  precondition: status.FAILED_PRECONDITION,
  notFound: status.NOT_FOUND,
  unavailable: status.UNAVAILABLE,
  exists: status.ALREADY_EXISTS,
  cancelled: status.CANCELLED,
  timeout: status.DEADLINE_EXCEEDED,
  unimplemented: status.UNIMPLEMENTED,
};

export interface ServiceError {
  code: status;
  details: string;
  metadata: Metadata;
}

/** What goes over the wire for an error of any kind, free of the given secrets. */
export function toServiceError(error: unknown, secrets: readonly string[] = []): ServiceError {
  if (error instanceof PartialFailure) return partialFailure(error, secrets);
  if (error instanceof InputErrors) return inputErrors(error, secrets);
  if (error instanceof ProviderError) {
    return { code: codes[error.code], details: redact(error.message, secrets), metadata: new Metadata() };
  }
  if (error instanceof UserError) {
    const at = error.property ? `${error.property}: ` : "";
    return {
      code: status.FAILED_PRECONDITION,
      details: redact(at + error.message, secrets),
      metadata: new Metadata(),
    };
  }
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    code: status.INTERNAL,
    details: redact(`This is a defect of the wasm provider, please report it: ${cause}`, secrets),
    metadata: new Metadata(),
  };
}

function inputErrors(error: InputErrors, secrets: readonly string[]): ServiceError {
  const detail = new errorsPb.InputPropertiesError();
  for (const { path, message } of error.problems) {
    const property = new errorsPb.InputPropertiesError.PropertyError();
    property.setPropertyPath(path);
    property.setReason(redact(message, secrets));
    detail.addErrors(property);
  }
  const summary = error.problems.length === 1 ? "1 problem" : `${error.problems.length} problems`;
  return withDetail(
    status.INVALID_ARGUMENT,
    `The inputs have ${summary}`,
    "pulumirpc.InputPropertiesError",
    detail,
  );
}

function partialFailure(error: PartialFailure, secrets: readonly string[]): ServiceError {
  const reason = redact(error.message, secrets);
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(toStruct(encodeProperties(error.outputs)));
  detail.setReasonsList([reason]);
  return withDetail(status.FAILED_PRECONDITION, reason, "pulumirpc.ErrorResourceInitFailed", detail);
}

function withDetail(code: status, message: string, type: string, detail: { serializeBinary(): Uint8Array }) {
  const any = new anyPb.Any();
  any.pack(detail.serializeBinary(), type);
  const whole = new statusPb.Status();
  whole.setCode(code);
  whole.setMessage(message);
  whole.addDetails(any);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(whole.serializeBinary()));
  return { code, details: message, metadata };
}

export function toStruct(wire: WireProperties): structPb.Struct {
  return structPb.Struct.fromJavaScript(wire as Parameters<typeof structPb.Struct.fromJavaScript>[0]);
}
