/** A request to another App of the stack by its name: the App is found first, and then it is a request like others. */
import type { FoundApp } from "../../apps.ts";
import type { Flow, OutgoingHttp, Outward } from "../messages.ts";
import type { Context, Endpoint } from "./broker.ts";
import { HttpCall } from "./http.ts";

export class AppCall implements Endpoint {
  #call: HttpCall | undefined;
  /** What the guest sent while the App was looked for. */
  readonly #early: (Flow | Outward)[] = [];
  #closed = false;

  constructor(
    channel: number,
    request: OutgoingHttp,
    name: string,
    found: Promise<FoundApp>,
    context: Context,
  ) {
    void found.then((app) => {
      if (this.#closed) return;
      if ("port" in app) {
        this.#call = new HttpCall(channel, request, context, { name, host: "127.0.0.1", port: app.port });
        for (const message of this.#early) this.#call.take(message);
        return;
      }
      context.log(`${request.method} http://${name}: ${app.reason}`);
      const code =
        app.error === "DNS-error"
          ? { tag: app.error, val: { rcode: "NXDOMAIN", infoCode: 0 } }
          : { tag: app.error };
      context.reply({ type: "httpError", channel, code });
    });
  }

  take(message: Flow | Outward): void {
    if (this.#call) this.#call.take(message);
    else this.#early.push(message);
  }

  close(): void {
    this.#closed = true;
    this.#call?.close();
  }
}
