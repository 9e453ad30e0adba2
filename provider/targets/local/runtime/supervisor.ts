/**
 * One process per App, in a session of its own: it owns the port, keeps the guest's process alive, and answers on the
 * control socket until it is stopped. It holds the guest's values in memory only.
 *
 * Started with the path of the instance's folder and that of its control socket. Descriptor 3 is a line to whoever
 * started it: it says one line there, and ends when that line is cut and nobody else has use for it.
 */
import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { basename, join } from "node:path";
import { claim } from "../claim.ts";
import { serveControl } from "./controlServer.ts";
import { Deployments } from "./deployments.ts";
import { LogFile } from "./logFile.ts";

/** A supervisor that nobody gave a version to ends after this time. */
const UNUSED_MS = 30_000;
/** How often it looks whether it can still be found. */
const WATCH_MS = 2_000;

const [folder = "", controlSocket = ""] = process.argv.slice(2);
const logFile = join(folder, "server.log");

// Whoever started it and lets go waits for the line's other end to close: that is for this process to decide.
const starter = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true });
starter.on("error", () => {}).resume();

/** `ready`, `taken` when another supervisor serves this instance, or what went wrong. */
function announce(line: string): Promise<void> {
  return new Promise((resolve) => starter.write(`${line}\n`, () => resolve()));
}

async function main(): Promise<void> {
  const connections = new Set<Socket>();
  const held = await claim({ folder, controlSocket, logFile }, (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    serveControl(socket, { nonce, log, deployments, end, reconsider });
  });
  if (!held) {
    await announce("taken");
    process.exit(0);
  }
  // Nothing may be awaited from here until what the connections need is there.
  process.chdir(folder);
  const nonce = randomUUID();
  const log = new LogFile(logFile);
  const deployments = new Deployments(folder, log);

  function end(reason: string): never {
    try {
      log.write("host", reason);
      deployments.stop();
      held?.remove();
    } finally {
      process.exit(0);
    }
  }

  function reconsider(): void {
    if (!starter.readableEnded && !starter.destroyed) return;
    if (deployments.isServing) starter.destroy();
    else if (deployments.isUnused && connections.size === 0) end("the start was given up: stopping");
  }

  // Nobody could stop a server that cannot be found: when the name is lost, by a race or by a clean-up, it ends.
  setInterval(() => {
    if (!held.isHeld) end(`${basename(controlSocket)} is no longer this server's: stopping`);
  }, WATCH_MS);
  setTimeout(() => {
    if (deployments.isUnused) end("no version came: stopping");
  }, UNUSED_MS);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(`stopped by ${signal}`));
  process.on("SIGHUP", () => {});
  starter.on("end", reconsider).on("close", reconsider);
  await announce("ready");
  // The line may have been cut before anybody listened for that.
  reconsider();
}

main().catch(async (error: Error) => {
  await announce(error.message);
  process.exit(1);
});
