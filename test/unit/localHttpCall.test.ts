import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Origin } from "../../provider/capabilities/rules.ts";
import { HttpCall } from "../../provider/targets/local/runtime/broker/http.ts";
import { Names } from "../../provider/targets/local/runtime/broker/names.ts";
import { rules } from "../runtime/localSupport.ts";

// Stands for a name server that its owner has turned to answer with addresses of this machine.
vi.mock("node:dns/promises", () => ({ lookup: async () => [{ address: "127.0.0.1", family: 4 }] }));

/** What the guest is told of a request to `host`, and how many requests reached this machine. */
async function ask(host: string): Promise<{ told: string; reached: number }> {
  let reached = 0;
  const server = createServer((_request, response) => {
    reached++;
    response.end();
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin: Origin = { scheme: "http", host, port };
  const granted = rules({ http: [origin] });
  const told = await new Promise<string>((resolve) => {
    const call = new HttpCall(
      2,
      {
        method: "GET",
        scheme: "http",
        authority: `${host}:${port}`,
        path: "/",
        headers: [],
        connectTimeoutMs: undefined,
        firstByteTimeoutMs: undefined,
        betweenBytesTimeoutMs: undefined,
      },
      {
        rules: granted,
        names: new Names(granted),
        log: () => {},
        reply: (message) => {
          if (message.type === "httpError") resolve(message.code.tag);
          else if (message.type === "httpResponse") resolve(`status ${message.status}`);
        },
      },
    );
    call.take({ type: "end", channel: 2 });
  });
  return { told, reached };
}

test("a granted name whose owner leads it into this machine reaches nothing here", async () => {
  expect(await ask("rebound.example.com")).toEqual({ told: "destination-IP-prohibited", reached: 0 });
});

test("a granted name that only this machine can define reaches it", async () => {
  expect(await ask("app.localhost")).toEqual({ told: "status 200", reached: 1 });
});
