import type { Context, Endpoint } from "./broker.ts";
export class TcpConnection implements Endpoint {
  constructor(channel: number, _x: unknown, context: Context) {
    context.reply({ type: "socketError", channel, code: "access-denied" });
  }
  take(): void {}
  close(): void {}
}
