import { createSocket } from "node:dgram";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { SocketRule } from "../../provider/capabilities/rules.ts";
import { rules, serve } from "./localSupport.ts";

/** A web server on loopback that tells what it was asked. */
async function web(): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${request.headers.host}${request.url}`);
    if (request.url?.startsWith("/to/")) {
      response.writeHead(302, { location: decodeURIComponent(request.url.slice(4)) }).end();
    } else if (request.url === "/hang") {
      response.write("half");
    } else {
      response.setHeader("x-answer", ["a", "b"]);
      response.end(`asked ${request.method} ${request.headers["x-own"] ?? "-"} ${body}`);
    }
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, seen };
}

const client = (...http: { host: string; port: number }[]) =>
  serve("client", { rules: rules({ http: http.map((origin) => ({ scheme: "http", ...origin })) }) });

const fetched = (url: string) => `/fetch?url=${encodeURIComponent(url)}`;

describe("outgoing requests", () => {
  test("a granted origin answers, with headers and body both ways", async () => {
    const { port } = await web();
    const { get } = await client({ host: "127.0.0.1", port });
    const text = await get(`${fetched(`http://127.0.0.1:${port}/x`)}&method=POST&body=hello&header=x-own:v`);
    expect(text).toContain("status: 200\n");
    expect(text).toContain("header: x-answer: a\nheader: x-answer: b\n");
    expect(text.endsWith("\n\nasked POST v hello")).toBe(true);
  });

  test("whatever else a URL says, an origin that no grant names is denied and never reached", async () => {
    const granted = await web();
    const other = await web();
    const { get } = await client({ host: "127.0.0.1", port: granted.port });
    const { port } = granted;
    const denied = [
      `http://127.0.0.1:${other.port}/`,
      `https://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `http://127.0.0.2:${port}/`,
      `http://[::1]:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://127.0.0.1/`,
      `http://user@127.0.0.1:${port}/`,
      `http://user:secret@127.0.0.1:${port}/`,
      `http://127.0.0.1:${port}@127.0.0.1:${other.port}/`,
      `http://127.0.0.1:${port}\\@127.0.0.1:${other.port}/`,
      `http://127.0.0.1:${port}#@127.0.0.1:${other.port}/`,
      `http://169.254.169.254/latest/meta-data`,
    ];
    for (const url of denied)
      expect([url, await get(fetched(url))]).toEqual([url, "error: HTTP-request-denied\n"]);
    expect([...granted.seen, ...other.seen]).toEqual([]);
  });

  test("another spelling of a granted address is that address", async () => {
    const { port, seen } = await web();
    const { get } = await client({ host: "127.0.0.1", port });
    for (const host of ["127.0.0.1", "127.1", "0177.0.0.1", "2130706433", "0x7f000001"]) {
      expect(await get(fetched(`http://${host}:${port}/`))).toContain("status: 200\n");
    }
    expect(new Set(seen)).toEqual(new Set([`GET 127.0.0.1:${port}/`]));
  });

  test("names are compared without case and trailing dot; a name of this machine may lead to it", async () => {
    const { port } = await web();
    const { get } = await client({ host: "localhost", port });
    for (const host of ["localhost", "LOCALHOST", "localhost."]) {
      expect(await get(fetched(`http://${host}:${port}/`))).toContain("status: 200\n");
    }
    expect(await get(fetched(`http://127.0.0.1:${port}/`))).toBe("error: HTTP-request-denied\n");
  });

  test("a redirect is the guest's to follow, and each hop is held against the grants", async () => {
    const [first, second] = [await web(), await web()];
    const { get } = await client({ host: "127.0.0.1", port: first.port });
    const target = encodeURIComponent(`http://127.0.0.1:${second.port}/`);
    const url = `http://127.0.0.1:${first.port}/to/${target}`;
    expect(await get(fetched(url))).toContain("status: 302\n");
    const followed = await get(`/fetch-redirect?url=${encodeURIComponent(url)}`);
    expect(followed).toContain("error: HTTP-request-denied");
    expect(second.seen).toEqual([]);
  });

  test("a server that is not there, and one that does not answer, are errors of the guest's", async () => {
    const { port } = await web();
    const closed = await web();
    const { get } = await client({ host: "127.0.0.1", port }, { host: "127.0.0.1", port: 1 });
    expect(await get(fetched("http://127.0.0.1:1/"))).toBe("error: connection-refused\n");
    expect(closed.seen).toEqual([]);
    await get("/nothing", { expected: 404 });
  });

  test("the guest cannot set headers that belong to the connection", async () => {
    const { port, seen } = await web();
    const { get } = await client({ host: "127.0.0.1", port });
    const text = await get(`${fetched(`http://127.0.0.1:${port}/`)}&header=host:other.example`);
    expect(text).toContain("invalid: header host");
    expect(seen).toEqual([]);
  });
});

async function tcpEcho(): Promise<number> {
  const server = createTcpServer((socket) => socket.pipe(socket));
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function udpEcho(): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (data, from) => {
    received.push(data.toString());
    socket.send(`echo ${data}`, from.port, from.address);
  });
  onTestFinished(() => void socket.close());
  const port = await new Promise<number>((resolve) => {
    socket.bind(0, "127.0.0.1", () => resolve(socket.address().port));
  });
  return { port, received };
}

const rule = (protocol: "tcp" | "udp", host: string, port: number): SocketRule => ({
  protocol,
  host,
  ports: [{ from: port, to: port }],
});

const sockets = (granted: SocketRule[], nameLookup: string[] = []) =>
  serve("sockets", { rules: rules({ sockets: granted, nameLookup }) });

describe("sockets", () => {
  test("a granted address and port connects, over TCP", async () => {
    const port = await tcpEcho();
    const { get } = await sockets([rule("tcp", "127.0.0.0/8", port)]);
    const text = await get(`/tcp?addr=127.0.0.1&port=${port}&send=hello`);
    expect(text).toContain("connect: ok");
    expect(text).toContain("hello");
  });

  test("another port, another address and another protocol are denied", async () => {
    const [port, other] = [await tcpEcho(), await tcpEcho()];
    const { get } = await sockets([rule("tcp", "127.0.0.1", port)]);
    expect(await get(`/tcp?addr=127.0.0.1&port=${other}`)).toContain("connect: error access-denied");
    expect(await get(`/tcp?addr=127.0.0.2&port=${port}`)).toContain("connect: error access-denied");
    expect(await get(`/tcp?addr=::1&port=${port}`)).toContain("connect: error access-denied");
    expect(await get(`/udp?addr=127.0.0.1&port=${port}`)).toMatch(/error access-denied/);
  });

  test("a guest without grants opens nothing", async () => {
    const port = await tcpEcho();
    const { get } = await sockets([]);
    expect(await get(`/tcp?addr=127.0.0.1&port=${port}`)).toContain("connect: error access-denied");
    expect(await get(`/udp?addr=127.0.0.1&port=${port}`)).toContain("error access-denied");
    expect(await get("/resolve?name=localhost")).toContain("error access-denied");
  });

  test("listening is denied", async () => {
    const { get } = await sockets([rule("tcp", "0.0.0.0/0", 0), rule("tcp", "127.0.0.1", 8080)]);
    expect(await get("/listen?addr=127.0.0.1&port=0")).toContain("error access-denied");
    expect(await get("/listen?addr=0.0.0.0&port=0")).toContain("error access-denied");
  });

  test("each datagram's address is held against the grants", async () => {
    const [one, two] = [await udpEcho(), await udpEcho()];
    const { get } = await sockets([rule("udp", "127.0.0.1", one.port)]);
    const both = await get(`/udp?addr=127.0.0.1&port=${one.port}&to=127.0.0.1:${two.port}&receive=2000`);
    expect(both).toContain("send: ok");
    expect(both).toContain("error access-denied");
    expect(both).toContain("echo ping");
    const again = await get(`/udp?addr=127.0.0.1&port=${one.port}&connect&reconnect=127.0.0.1:${two.port}`);
    expect(again).toContain("error access-denied");
    expect(one.received.length).toBeGreaterThan(0);
    expect(two.received).toEqual([]);
  });

  test("look-ups are granted by name, and open only what they returned", async () => {
    const port = await tcpEcho();
    const { get } = await sockets([rule("tcp", "localhost", port)], ["localhost"]);
    expect(await get("/resolve?name=localhost")).toContain("127.0.0.1");
    expect(await get("/resolve?name=LOCALHOST")).toContain("127.0.0.1");
    expect(await get("/resolve?name=example.com")).toContain("error access-denied");
    expect(await get(`/tcp?name=localhost&port=${port}&send=x`)).toContain("connect: ok");
    // The same address without a look-up of this instance's own.
    expect(await get(`/tcp?addr=127.0.0.1&port=${port}`)).toContain("connect: error access-denied");
  });
});
