/**
 * The gRPC server. It knows the methods by name only and passes bytes: messages, handlers and all that they need are
 * loaded with the first request, so that the engine has the plugin's port at once.
 */

import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

const unaryMethods = [
  "Handshake", "Parameterize", "GetSchema", "CheckConfig", "DiffConfig", "Configure", "Invoke", "Call", "Check", "Diff",
  "Create", "Read", "Update", "Delete", "Construct", "Cancel", "GetPluginInfo", "Attach", "GetMapping", "GetMappings",
] as const; // biome-ignore format: a list of names

export type UnaryMethod = (typeof unaryMethods)[number];

const noLimit = -1;

/** Serves on a free port of 127.0.0.1 and returns it. */
export async function serve(engineAddress?: string): Promise<number> {
  const server = new Server({
    "grpc.max_receive_message_length": noLimit,
    "grpc.max_send_message_length": noLimit,
  });
  const loading = lazy(async () => {
    const { Service } = await import("./service.ts");
    return new Service(engineAddress);
  });
  const bytes = (value: Buffer) => value;
  const definition: Record<string, MethodDefinition<Buffer, Buffer>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const name of [...unaryMethods, "List"] as const) {
    definition[name] = {
      path: `/pulumirpc.ResourceProvider/${name}`,
      requestStream: false,
      responseStream: name === "List",
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    handlers[name] =
      name === "List"
        ? async (call: ServerWritableStream<Buffer, Buffer>) => (await loading()).list(call)
        : async (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
            (await loading()).answer(name, call, reply);
  }
  server.addService(definition, handlers);
  return await new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= load();
    return value;
  };
}
