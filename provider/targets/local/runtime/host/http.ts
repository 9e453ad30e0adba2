/** `wasi:http@0.2.x`: outgoing requests by the grants' list, and the answer to the incoming one. */
import type { Rules } from "../../../../capabilities/rules.ts";
import type { RequestHead } from "../messages.ts";
import { calledApp, grantedOrigin } from "../policy.ts";
import { WitError } from "./errors.ts";
import { ChannelSource } from "./flow.ts";
import { FutureTrailers, IncomingBody, OutgoingBody } from "./httpBodies.ts";
import { Fields } from "./httpFields.ts";
import {
  FutureIncomingResponse,
  IncomingRequest,
  IncomingResponse,
  outgoingRequestClass,
  outgoingResponseClass,
  RequestOptions,
} from "./httpTypes.ts";
import { IoError } from "./io.ts";
import type { Mailbox } from "./mailbox.ts";

const milliseconds = (duration: bigint | undefined) =>
  duration === undefined ? undefined : Math.max(1, Number(duration / 1_000_000n));

/** The one incoming request of an instance, and whether it has been answered. */
export interface Exchange {
  request: IncomingRequest;
  outparam: object;
  answered(): boolean;
}

export function httpInterfaces(mailbox: Mailbox, rules: Rules) {
  const OutgoingRequest = outgoingRequestClass(mailbox);
  const OutgoingResponse = outgoingResponseClass(mailbox);

  class ResponseOutparam {
    #channel: number;
    #onSink: (sink: ReturnType<typeof OutgoingResponse.parts>["sink"]) => void;
    answered = false;
    constructor(channel: number, onSink: ResponseOutparam["onSink"]) {
      this.#channel = channel;
      this.#onSink = onSink;
    }
    get onSink() {
      return this.#onSink;
    }
    static set(
      param: ResponseOutparam,
      response: { tag: "ok"; val: object } | { tag: "err"; val: { tag: string } },
    ) {
      if (param.answered) throw new Error("the guest answered the request twice");
      param.answered = true;
      const channel = param.#channel;
      if (response.tag === "err") {
        const message = `the guest answered with the error ${response.val.tag}`;
        mailbox.send({ type: "refuse", channel, status: 500, message });
        return;
      }
      const parts = OutgoingResponse.parts(response.val as InstanceType<typeof OutgoingResponse>);
      mailbox.send({ type: "response", channel, status: parts.status, headers: parts.headers });
      param.#onSink(parts.sink);
      parts.sink.attach(channel);
    }
    // 0.2.4 and later; no interim responses are sent.
    sendInformational(): void {
      throw new WitError({ tag: "internal-error", val: "interim responses are not supported" });
    }
  }

  function handle(request: InstanceType<typeof OutgoingRequest>, options: RequestOptions | undefined) {
    const parts = OutgoingRequest.parts(request);
    const scheme = (parts.scheme?.tag ?? "HTTPS").toLowerCase();
    if (parts.authority === undefined) throw new WitError({ tag: "HTTP-request-URI-invalid" });
    const isGranted =
      calledApp(rules.calls, scheme, parts.authority) !== undefined ||
      grantedOrigin(rules.http, scheme, parts.authority) !== undefined;
    if (!isGranted) throw new WitError({ tag: "HTTP-request-denied" });
    const future = new FutureIncomingResponse(mailbox, parts.sink);
    mailbox.send({
      type: "http",
      channel: future.channel,
      request: {
        method: parts.method,
        scheme: scheme as "http" | "https",
        authority: parts.authority,
        path: parts.path,
        headers: parts.headers,
        connectTimeoutMs: milliseconds(options?.connectTimeout()),
        firstByteTimeoutMs: milliseconds(options?.firstByteTimeout()),
        betweenBytesTimeoutMs: milliseconds(options?.betweenBytesTimeout()),
      },
    });
    parts.sink.attach(future.channel);
    mailbox.flush();
    return future;
  }

  /** Makes what `incoming-handler.handle` is called with. */
  function exchange(channel: number, head: RequestHead, hasBody: boolean): Exchange {
    const source = new ChannelSource(mailbox, channel);
    if (!hasBody) source.end();
    let sink: ReturnType<typeof OutgoingResponse.parts>["sink"] | undefined;
    let gone: string | undefined;
    mailbox.listen(channel, (message) => {
      if (message.type === "data") source.push(message.chunk);
      else if (message.type === "end") source.end(message.trailers);
      else if (message.type === "credit") sink?.credit(message.bytes);
      else if (message.type === "abort") {
        gone = message.reason;
        source.fail(message.reason, { tag: "connection-terminated" });
        sink?.fail(message.reason);
      }
    });
    const outparam = new ResponseOutparam(channel, (opened) => {
      sink = opened;
      if (gone !== undefined) opened.fail(gone);
    });
    return {
      request: new IncomingRequest(mailbox, head, source),
      outparam,
      answered: () => outparam.answered,
    };
  }

  const interfaces = {
    "wasi:http/types": {
      Fields,
      FutureIncomingResponse,
      FutureTrailers,
      IncomingBody,
      IncomingRequest,
      IncomingResponse,
      OutgoingBody,
      OutgoingRequest,
      OutgoingResponse,
      RequestOptions,
      ResponseOutparam,
      httpErrorCode: (error: IoError) => {
        const code = error instanceof IoError ? error.code : undefined;
        return typeof code === "object" && code !== null ? code : undefined;
      },
    },
    "wasi:http/outgoing-handler": { handle },
  };
  return { interfaces, exchange };
}
