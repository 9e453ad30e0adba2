/** The App's address: an HTTP server on 127.0.0.1 that hands each request to the version that serves. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Exchange } from "./exchange.ts";
import type { Version } from "./version.ts";

class PortError extends Error {
  readonly property = "port";
}

export interface Listener {
  port: number;
  /** Takes no new connections; those that are open end after their answers. */
  close(): void;
}

/** Listens on `port`, or on any free one for 0. Fails with a PortError that names the port. */
export function listen(port: number, current: () => Version | undefined): Promise<Listener> {
  const server: Server = createServer(
    { keepAliveTimeout: 60_000, requestTimeout: 0 },
    (request, response) => {
      const exchange = new Exchange(request, response);
      const version = current();
      if (version) version.take(exchange);
      else exchange.refuse(503, "nothing is served yet");
    },
  );
  // Clients that ask first (`Expect: 100-continue`) are told to go on, by default. Upgrades are no business of WASI's.
  server.on("upgrade", (_request, socket) =>
    socket.end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\n\r\n"),
  );
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new PortError(portProblem(port, error)));
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      server.removeAllListeners("error").on("error", () => {});
      resolve({ port: (server.address() as AddressInfo).port, close: () => close(server) });
    });
  });
}

function close(server: Server): void {
  server.close();
  server.closeIdleConnections();
}

function portProblem(port: number, error: NodeJS.ErrnoException): string {
  if (error.code === "EADDRINUSE") {
    return `Port ${port} of 127.0.0.1 is in use by another process. Set \`port\` to a free one, leave it out to get any, or end that process.`;
  }
  if (error.code === "EACCES") {
    return `Port ${port} may not be opened by this user. Set \`port\` to one above 1023, or leave it out.`;
  }
  return `Port ${port} of 127.0.0.1 could not be opened: ${error.message}`;
}
