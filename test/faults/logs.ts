/** The engine's log service, in this process: what a user would see beside the plan. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";

export interface Line {
  level: "warning" | "note";
  text: string;
}

export class Logs {
  readonly address: string;
  readonly lines: Line[];
  readonly #server: Server;

  private constructor(server: Server, port: number, lines: Line[]) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
    this.lines = lines;
  }

  static async listen(): Promise<Logs> {
    const lines: Line[] = [];
    const server = new Server();
    server.addService(engineGrpc.EngineService as never, {
      log(call: ServerUnaryCall<enginePb.LogRequest, emptyPb.Empty>, reply: sendUnaryData<emptyPb.Empty>) {
        const line = lineOf(call.request);
        if (line) lines.push(line);
        reply(null, new emptyPb.Empty());
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return new Logs(server, port, lines);
  }

  close(): void {
    this.#server.forceShutdown();
  }
}

/** Progress is gone with the next line, and debug output is not shown. */
function lineOf(request: enginePb.LogRequest): Line | undefined {
  if (request.getEphemeral()) return undefined;
  const severity = request.getSeverity();
  const text = request.getMessage();
  if (severity === enginePb.LogSeverity.WARNING) return { level: "warning", text };
  return severity === enginePb.LogSeverity.INFO ? { level: "note", text } : undefined;
}
