/** Finds or starts the supervisor of an instance. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { pluginFile } from "../../pluginFiles.ts";
import { ANSWER_MS, ControlClient, SupervisorGone } from "./controlClient.ts";
import { type Instance, privateFolder } from "./instance.ts";
import { LocalTargetError } from "./spec.ts";

/** How long a supervisor may take until it listens. */
const START_MS = 15_000;
const ATTEMPTS = 3;
/** How much of its log an error quotes. */
const QUOTED = 2_000;

/** A connection to the supervisor, and the line to the one that was started for it, if one was. */
export interface Reached {
  client: ControlClient;
  /** Lets go of both, and waits until a supervisor that is of no use to anybody has ended. */
  letGo(): Promise<void>;
}

/** Connects to the instance's supervisor, which is started when there is none. A start that fails lets go of it. */
export async function reachSupervisor(instance: Instance, signal?: AbortSignal): Promise<Reached> {
  signal?.throwIfAborted();
  await privateFolder(dirname(instance.folder));
  // In a folder of somebody else's the control socket would be theirs to answer on.
  if (dirname(instance.controlSocket) !== instance.folder)
    await privateFolder(dirname(instance.controlSocket));
  let leash: Duplex | undefined;
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const client = await ControlClient.connect(instance.controlSocket);
      if (client) {
        return {
          client,
          async letGo() {
            client.close();
            await cut(leash);
          },
        };
      }
      await cut(leash);
      const started = spawnSupervisor(instance, await openLog(instance));
      leash = started.leash;
      await announced(started.line, instance, signal);
    }
    throw new LocalTargetError(`The server's process could not be reached at ${instance.controlSocket}.`);
  } catch (error) {
    await cut(leash);
    throw error;
  }
}

/** Off the leash a supervisor ends, unless somebody else uses it: then it closes its end of the line. */
async function cut(leash: Duplex | undefined): Promise<void> {
  if (!leash || leash.closed) return;
  leash.end();
  await once(leash, "close", { signal: AbortSignal.timeout(ANSWER_MS) }).catch(() => {});
  leash.destroy();
}

interface Started {
  leash: Duplex;
  /** What it says first, or what became of it. */
  line: Promise<string>;
}

function spawnSupervisor(instance: Instance, log: number): Started {
  const child = spawn(
    process.execPath,
    ["--no-warnings", pluginFile("local/supervisor.js"), instance.folder, instance.controlSocket],
    // Not in its folder, which a former supervisor that ends may just be removing.
    { detached: true, env: {}, cwd: dirname(instance.folder), stdio: ["ignore", log, log, "pipe"] },
  );
  closeSync(log);
  child.unref();
  const leash = child.stdio[3] as Duplex;
  leash.on("error", () => {});
  return { leash, line: firstLine(leash, child) };
}

async function openLog({ folder, logFile }: Instance): Promise<number> {
  try {
    await privateFolder(folder);
    return openSync(logFile, "a", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new SupervisorGone("The server's former process was just being removed.");
  }
}

/** Waits until the supervisor listens, or has found that another one does. */
async function announced(
  line: Promise<string>,
  instance: Instance,
  signal: AbortSignal | undefined,
): Promise<void> {
  const said = await unlessAborted(line, signal);
  if (said === "ready" || said === "taken") return;
  const log = readLog(instance);
  throw new LocalTargetError(`The server's process did not start: ${said}.${log && `\n${log}`}`);
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function readLog({ logFile }: Instance): string {
  try {
    return readFileSync(logFile, "utf8").slice(-QUOTED).trimEnd();
  } catch {
    return "";
  }
}

function firstLine(stream: Duplex, child: ChildProcess): Promise<string> {
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
