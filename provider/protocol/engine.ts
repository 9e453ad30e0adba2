/** The engine's log service: what the provider wants to say to the user goes there, never to stdout. */
import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import type { Log } from "../resources/resource.ts";
import { redact } from "../values.ts";

type Severity = "DEBUG" | "INFO" | "WARNING" | "ERROR";

export class Engine {
  readonly #client: InstanceType<typeof engineGrpc.EngineClient>;
  /** Messages arrive in the order in which they were sent. */
  #sending: Promise<void> = Promise.resolve();

  constructor(address: string) {
    this.#client = new engineGrpc.EngineClient(address, credentials.createInsecure());
  }

  /** Waits until what was logged has arrived, so that no message is lost with the response. */
  flushed(): Promise<void> {
    return this.#sending;
  }

  close(): void {
    this.#client.close();
  }

  log(urn: string, secrets: readonly string[]): Log {
    const say = (severity: Severity, ephemeral: boolean) => (message: string) => {
      this.#send(urn, severity, redact(message, secrets), ephemeral);
    };
    return {
      debug: say("DEBUG", false),
      info: say("INFO", false),
      warn: say("WARNING", false),
      progress: say("INFO", true),
    };
  }

  #send(urn: string, severity: Severity, message: string, ephemeral: boolean): void {
    const request = new enginePb.LogRequest();
    request.setSeverity(enginePb.LogSeverity[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    // An engine that went away cannot show a message; the request itself will fail soon enough.
    this.#sending = this.#sending.then(
      () => new Promise((resolve) => this.#client.log(request, () => resolve())),
    );
  }
}

/** For a server that no engine has attached to. */
export const silent: Log = { debug() {}, info() {}, warn() {}, progress() {} };
