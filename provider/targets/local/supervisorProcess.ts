/** Finds or starts the supervisor of an instance. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { pluginFile } from "../../pluginFiles.ts";
import { ControlClient } from "./controlClient.ts";
import { type Instance, privateFolder } from "./instance.ts";
import { LocalTargetError } from "./spec.ts";

/** How long a supervisor may take until it listens. */
const START_MS = 15_000;
const ATTEMPTS = 3;

/** Connects to the instance's supervisor, which is started when there is none. */
export async function reachSupervisor(instance: Instance, signal?: AbortSignal): Promise<ControlClient> {
  await privateFolder(dirname(instance.folder));
  await privateFolder(dirname(instance.controlSocket));
  let leash: Duplex | undefined;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const client = await ControlClient.connect(instance.controlSocket);
      if (client) {
        client.leash = leash;
        return client;
      }
      leash?.destroy();
      leash = await startSupervisor(instance);
    }
    throw new LocalTargetError(`The server's process could not be reached at ${instance.controlSocket}.`);
  } catch (error) {
    // Off the leash it would wait for a provider that has given up.
    leash?.destroy();
    throw error;
  }
}

async function startSupervisor(instance: Instance): Promise<Duplex> {
  await mkdir(instance.folder, { recursive: true, mode: 0o700 });
  const log = openSync(instance.logFile, "a", 0o600);
  const child = spawn(
    process.execPath,
    ["--no-warnings", pluginFile("local/supervisor.js"), instance.folder, instance.controlSocket],
    { detached: true, env: {}, cwd: instance.folder, stdio: ["ignore", log, log, "pipe"] },
  );
  closeSync(log);
  child.unref();
  const leash = child.stdio[3] as Duplex;
  const line = await firstLine(leash, child);
  if (line !== "ready" && line !== "taken") {
    leash.destroy();
    throw new LocalTargetError(
      `The server's process did not start: ${line}. Its log is ${instance.logFile}.`,
    );
  }
  return leash;
}

function firstLine(stream: Duplex, child: ReturnType<typeof spawn>): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = (line: string) => {
      clearTimeout(limit);
      resolve(line);
    };
    const limit = setTimeout(() => {
      child.kill("SIGKILL");
      done(`it said nothing within ${START_MS} ms`);
    }, START_MS);
    child.once("error", (error) => done(error.message));
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) done(text.trimEnd());
    });
    stream.once("close", () => done(text.trimEnd() || "it ended"));
  });
}
