/** Servers on loopback that note who came, and can tell that nobody is still on the way. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";

/** Something that guests may or may not reach. */
export interface Listener {
  target: string;
  port: number;
  /** How many came since it was asked last. */
  take(): Promise<number>;
  close(): void;
}

/** Fails with `EADDRNOTAVAIL` where this machine does not have the address, and `EADDRINUSE` where the port is another's. */
export async function streamListener(
  target: string,
  kind: "http" | "echo",
  at: { host: string; port: number },
): Promise<Listener> {
  const server = kind === "http" ? webServer() : echoServer();
  const came: (number | undefined)[] = [];
  server.on("connection", (socket) => came.push(socket.remotePort));
  server.listen(at.port, at.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    target,
    port,
    // Who comes is served in order: when this connection is there, so are all before it.
    async take() {
      const socket = connect(port, at.host).on("error", () => {});
      await once(socket, "connect");
      const own = socket.localPort;
      while (!came.includes(own)) await once(server, "connection");
      socket.destroy();
      return came.splice(0, came.indexOf(own) + 1).length - 1;
    },
    close() {
      if ("closeAllConnections" in server) server.closeAllConnections();
      server.close();
    },
  };
}

/** `/to/<url>` redirects there; everything else is answered. */
function webServer() {
  return createHttpServer((request, response) => {
    response.setHeader("connection", "close");
    const to = request.url?.startsWith("/to/") && decodeURIComponent(request.url.slice("/to/".length));
    if (to) response.writeHead(302, { location: to });
    response.end("a page");
  });
}

function echoServer(): Server {
  return createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
}

const last = "the last one";

export async function datagramListener(
  target: string,
  at: { host: string; port: number },
): Promise<Listener> {
  const socket: Socket = createSocket("udp4");
  let came = 0;
  socket.on("message", (data, from) => {
    if (data.toString() === last) return void socket.emit("last");
    came++;
    socket.send(`echo ${data}`, from.port, from.address);
  });
  socket.bind(at.port, at.host);
  await once(socket, "listening");
  const { port } = socket.address();
  return {
    target,
    port,
    // Datagrams on loopback are neither lost nor overtaken.
    async take() {
      const arrived = once(socket, "last");
      socket.send(last, port, at.host);
      await arrived;
      const count = came;
      came = 0;
      return count;
    },
    close: () => void socket.close(),
  };
}
