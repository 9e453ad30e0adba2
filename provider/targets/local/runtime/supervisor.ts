/**
 * One process per App, in a session of its own: it owns the port, keeps the guest's process alive, and answers on the
 * control socket until it is stopped. It holds the guest's values in memory only.
 *
 * Started with the path of the instance's folder and that of its control socket. Descriptor 3 is a line to whoever
 * started it: it says one line there, and ends when that line is cut before it was given a version.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createConnection, createServer, Socket } from "node:net";
import { basename, join } from "node:path";
import { serveControl } from "./controlServer.ts";
import { Deployments } from "./deployments.ts";
import { LogFile } from "./logFile.ts";

/** A supervisor that nobody gave a version to ends after this time. */
const UNUSED_MS = 30_000;
/** How often it looks whether it can still be found. */
const WATCH_MS = 2_000;

const [folder = "", controlSocket = ""] = process.argv.slice(2);
const nonce = randomUUID();
const own = `${controlSocket}-${process.pid}`;

const starter = new Socket({ fd: 3, readable: true, writable: true });
starter.on("error", () => {}).resume();

/** `ready`, `taken` when another supervisor serves this instance, or what went wrong. */
function announce(line: string): Promise<void> {
  return new Promise((resolve) => starter.write(`${line}\n`, () => resolve()));
}

function removeQuietly(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function inode(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const done = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once("connect", () => done(true));
    socket.once("error", (error: NodeJS.ErrnoException) => done(error.code === "EAGAIN"));
    socket.setTimeout(2_000, () => done(true));
  });
}

/**
 * Takes the instance's name: links the socket that this process listens on to the path where it is looked for. Of two
 * supervisors one gets it. A socket that nobody answers on belongs to one that was killed.
 */
async function takeName(): Promise<boolean> {
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      linkSync(own, controlSocket);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (await answers(controlSocket)) return false;
    removeQuietly(controlSocket);
  }
  return false;
}

function listen(onConnection: (socket: Socket) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer(onConnection);
    server.once("error", reject);
    server.listen(own, () => resolve());
  });
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  process.chdir(folder);
  const log = new LogFile(join(folder, "server.log"));
  const deployments = new Deployments(folder, log);
  let mine: bigint | undefined;
  let connections = 0;

  const end = (reason: string) => {
    log.write("host", reason);
    deployments.stop();
    const named = mine !== undefined && inode(controlSocket) === mine;
    removeQuietly(own);
    if (named) {
      removeQuietly(folder);
      removeQuietly(controlSocket);
    }
    process.exit(0);
  };

  removeQuietly(own);
  await listen((socket) => {
    connections++;
    socket.on("close", () => connections--);
    serveControl(socket, { nonce, log, deployments, end });
  });
  mine = inode(own);
  if (!(await takeName())) {
    removeQuietly(own);
    await announce("taken");
    process.exit(0);
  }
  removeQuietly(own);
  // Nobody could stop a server that cannot be found: when the name is lost, by a race or by a clean-up, it ends.
  setInterval(() => {
    if (inode(controlSocket) !== mine) end(`${basename(controlSocket)} is no longer this server's: stopping`);
  }, WATCH_MS);
  setTimeout(() => {
    if (deployments.isUnused) end("no version came: stopping");
  }, UNUSED_MS);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(`stopped by ${signal}`));
  process.on("SIGHUP", () => {});
  starter.on("close", () => {
    if (deployments.isUnused && connections === 0) end("the start was given up: stopping");
  });
  await announce("ready");
}

main().catch(async (error: Error) => {
  await announce(error.message);
  process.exit(1);
});
