/** The resource provider service: bytes in, the handler of the method, bytes out, and typed errors. */

import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { configurationHandlers } from "./configuration.ts";
import { constructHandlers } from "./constructHandlers.ts";
import { toServiceError } from "./errors.ts";
import { functionHandlers } from "./functionHandlers.ts";
import { type Handler, handler } from "./handler.ts";
import type { UnaryMethod } from "./listen.ts";
import { resourceHandlers } from "./resourceHandlers.ts";
import { Session } from "./session.ts";

const handlers: Record<UnaryMethod, Handler> = {
  ...configurationHandlers,
  ...resourceHandlers,
  ...functionHandlers,
  ...constructHandlers,
  Attach: handler(pluginPb.PluginAttach, (request, { session }) => {
    session.attach(request.getAddress());
    return new emptyPb.Empty();
  }),
  Cancel: handler(emptyPb.Empty, async (_request, { session }) => {
    await session.operations.cancel();
    return new emptyPb.Empty();
  }),
  GetMapping: handler(providerPb.GetMappingRequest, () => new providerPb.GetMappingResponse()),
  GetMappings: handler(providerPb.GetMappingsRequest, () => new providerPb.GetMappingsResponse()),
};

export class Service {
  readonly #session: Session;

  constructor(engineAddress?: string) {
    this.#session = new Session(engineAddress);
  }

  async answer(
    method: UnaryMethod,
    call: ServerUnaryCall<Buffer, Buffer>,
    reply: sendUnaryData<Buffer>,
  ): Promise<void> {
    const { decode, handle } = handlers[method];
    const secrets: string[] = [];
    try {
      const response = await handle(decode(call.request) as never, {
        session: this.#session,
        caller: callerSignal(call),
        secrets,
      });
      await this.#session.flushed();
      reply(null, Buffer.from(response.serializeBinary()));
    } catch (error) {
      await this.#session.flushed();
      reply(toServiceError(error, secrets));
    }
  }

  /** Nothing can be listed: what this package manages exists in programs and in their state. */
  list(call: ServerWritableStream<Buffer, Buffer>): void {
    const { token, query } = listRequest(call.request);
    call.emit("error", {
      code: status.UNIMPLEMENTED,
      details: `${token} cannot be listed${query}: its resources exist in Pulumi programs only.`,
    });
  }
}

function listRequest(bytes: Buffer): { token: string; query: string } {
  const request = providerPb.ListRequest.deserializeBinary(bytes);
  return { token: request.getToken(), query: request.hasQuery() ? " by a query" : "" };
}

function callerSignal(call: ServerUnaryCall<Buffer, Buffer>): AbortSignal {
  const controller = new AbortController();
  call.once("cancelled", () => controller.abort());
  if (call.cancelled) controller.abort();
  return controller.signal;
}
