/** Wasmtime with the whole network open, and servers on loopback that a guest may or may not reach. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { findOnPath } from "../../tools/toolchain/path.ts";
import { type Ports, portsFrom } from "./ports.ts";

export const wasmtime = await findOnPath("wasmtime");

/** Asks the guest `sockets` for a path, as `/tcp?addr=127.0.0.1&port=80`. */
export type Ask = (path: string) => Promise<string>;

/** Serves a component until the test is over. @returns what asks it */
export async function served(path: string): Promise<Ask> {
  const open = "cli,tcp,udp,inherit-network,allow-ip-name-lookup";
  const child = spawn(wasmtime ?? "", ["serve", "-S", open, "--addr", "127.0.0.1:0", path], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  onTestFinished(() => ended(child));
  const lines: string[] = [];
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const url = /^Serving HTTP on (\S+)\/$/.exec(line)?.[1];
    if (url !== undefined) {
      child.stderr.resume();
      return async (query) => (await fetch(url + query)).text();
    }
  }
  throw new Error(lines.join("\n"));
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

let ports: Ports | undefined;

/** From here on the servers of this file take these ports. */
export function usePorts(first: number): void {
  ports = portsFrom(first);
}

/** Echoes what comes; `connections` counts who came. */
export async function tcpEcho(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  onTestFinished(() => void server.close());
  await atPort(async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

/** Answers each datagram with `echo …`, but lets the strangers speak first. */
export async function udpEcho(
  strangers: readonly Socket[] = [],
): Promise<{ port: number; received: string[] }> {
  const received: string[] = [];
  const socket = await udpSocket();
  socket.on("message", async (data, { port, address }) => {
    received.push(data.toString());
    for (const stranger of strangers) await sent(stranger, "unasked", port, address);
    socket.send(`echo ${data}`, port, address);
  });
  return { port: socket.address().port, received };
}

export async function udpSocket(address = "127.0.0.1"): Promise<Socket> {
  const socket = createSocket("udp4");
  onTestFinished(() => void socket.close());
  await atPort(async (port) => {
    socket.bind(port, address);
    await once(socket, "listening");
  });
  return socket;
}

const atPort = (listen: (port: number) => Promise<void>) => (ports ? ports(listen) : listen(0));

const sent = (socket: Socket, text: string, port: number, address: string) =>
  new Promise<void>((resolve, reject) => {
    socket.send(text, port, address, (error) => (error ? reject(error) : resolve()));
  });
