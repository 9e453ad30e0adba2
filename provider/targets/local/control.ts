/** What the provider does with servers and jobs of the local target. Guests run in processes of their own. */
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { removeUnowned } from "./claim.ts";
import { ANSWER_MS, ControlClient, SupervisorGone } from "./controlClient.ts";
import { type Deployment, PROTOCOL, type Status } from "./controlProtocol.ts";
import { guestOf } from "./guest.ts";
import { type Instance, instanceOf } from "./instance.ts";
import { machineId } from "./machine.ts";
import {
  type LocalOptions,
  LocalTargetError,
  type Probe,
  type ServerSpec,
  type ServerState,
} from "./spec.ts";
import { reachSupervisor } from "./supervisorProcess.ts";
import { transpiled } from "./transpiled.ts";
import { preopens } from "./volumes.ts";

export { runJob } from "./job.ts";
export { machineId } from "./machine.ts";
export * from "./spec.ts";

const START_TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;
/** How long to let a process go that is just ending. */
const GOING_MS = 20;

/**
 * Starts the server of `spec.id`, or takes over the one that an interrupted run left behind, and returns once the new
 * version answers. Two calls at once with the same id end with one server. Fails with a LocalTargetError. A start that
 * fails or is cancelled has left nothing when this ends, but for a server that was there before or is another call's.
 */
export async function start(spec: ServerSpec, options: LocalOptions): Promise<ServerState> {
  checkPlatform();
  checkPort(spec.port);
  const deployment = await deploymentOf(spec, options);
  const instance = instanceOf(options.directory, spec.id);
  options.log?.(`Starting ${spec.name}`);
  try {
    return await installed(deployment, instance, options);
  } catch (error) {
    await removeUnowned(instance).catch((left: Error) => {
      options.log?.(`What is left in ${instance.folder} could not be removed: ${left.message}`);
    });
    throw error;
  }
}

async function installed(
  deployment: Deployment,
  instance: Instance,
  options: LocalOptions,
): Promise<ServerState> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await install(deployment, instance, options);
    } catch (error) {
      // One that is just ending, for its own provider gave it up, makes room for another.
      if (!(error instanceof SupervisorGone) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function install(
  deployment: Deployment,
  instance: Instance,
  options: LocalOptions,
): Promise<ServerState> {
  const { client, letGo } = await reachSupervisor(instance, options.signal);
  try {
    await endOtherVersion(client, options);
    await client.ask({ op: "prepare", deployment }, deployment.startTimeoutMs + ANSWER_MS, options.signal);
    options.signal?.throwIfAborted();
    // Too late to be cancelled: nobody would know whether it has happened.
    const status = await client.ask({ op: "commit" }, ANSWER_MS);
    return stateOf(status, instance);
  } finally {
    // Without a commit this takes everything back.
    await letGo();
  }
}

/** A supervisor that an earlier or later version of the plugin started may not understand this one: it makes room. */
async function endOtherVersion(client: ControlClient, options: LocalOptions): Promise<void> {
  const { protocol } = await client.ask({ op: "hello" }, ANSWER_MS, options.signal);
  if (protocol === PROTOCOL) return;
  await client.ask({ op: "stop" }, ANSWER_MS, options.signal);
  await client.closed(ANSWER_MS, options.signal);
  throw new SupervisorGone("The server's process was of another version of the plugin.");
}

/**
 * Puts the version of `spec` in the place of the one that runs, without a refused connection or a dropped request. When
 * the new version does not come up the old one keeps serving, and the error says why with the log's last lines. A server
 * that is dead is started again on its port.
 * Where `spec.id` is another than the state's, the old server is ended first.
 */
export async function replace(
  state: ServerState,
  spec: ServerSpec,
  options: LocalOptions,
): Promise<ServerState> {
  requireThisMachine(state);
  // A resource that was renamed gets another instance, which cannot take the port over from one that still has it.
  if (spec.id !== state.id) await stop(state, options);
  return start({ ...spec, port: spec.port ?? state.port }, options);
}

/** Says whether the server of `state` runs. Never fails for what the server does; limited to 5 seconds. */
export async function probe(state: ServerState, options: { signal?: AbortSignal } = {}): Promise<Probe> {
  if (state.machineId !== machineId()) return { status: "elsewhere", hostName: state.hostName };
  try {
    const client = await ControlClient.connect(state.controlSocket);
    if (!client) return { status: "dead", reason: "its process has ended" };
    try {
      const found = await client.ask({ op: "hello" }, ANSWER_MS, options.signal);
      if (found.nonce !== state.nonce) return { status: "dead", reason: "another server runs in its place" };
      const { ready, restarts, digest, port } = found;
      return { status: "running", ready, restarts, digest, port };
    } finally {
      client.close();
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    return { status: "dead", reason: (error as Error).message };
  }
}

/** Ends the server and removes all that belongs to it. A server that is gone already is no error. */
export async function stop(state: ServerState, options: LocalOptions): Promise<void> {
  requireThisMachine(state);
  const instance = {
    folder: dirname(state.logFile),
    controlSocket: state.controlSocket,
    logFile: state.logFile,
  };
  await end(instance, state.nonce, options);
}

/** Ends and removes what an interrupted run may have left behind under `id`; resolves when nothing remains. */
export async function remove(id: string, options: LocalOptions): Promise<void> {
  await end(instanceOf(options.directory, id), undefined, options);
}

async function end(instance: Instance, nonce: string | undefined, options: LocalOptions): Promise<void> {
  const giveUp = Date.now() + ANSWER_MS;
  for (;;) {
    try {
      if (await endSupervisor(instance, nonce, options)) await removeUnowned(instance);
      return;
    } catch (error) {
      // One that is just ending, for its own provider gave it up, listens for a moment longer.
      if (!(error instanceof SupervisorGone) || Date.now() > giveUp) throw error;
      await setTimeout(GOING_MS, undefined, { signal: options.signal });
    }
  }
}

/** @returns false where another server runs under the id, which is not this state's to end */
async function endSupervisor(
  instance: Instance,
  nonce: string | undefined,
  options: LocalOptions,
): Promise<boolean> {
  const client = await ControlClient.connect(instance.controlSocket);
  if (!client) return true;
  try {
    const found = await client.ask({ op: "hello" }, ANSWER_MS, options.signal);
    if (nonce !== undefined && found.nonce !== nonce) return false;
    await client.ask({ op: "stop", nonce: found.nonce }, ANSWER_MS, options.signal);
    await client.closed(ANSWER_MS, options.signal);
    return true;
  } finally {
    client.close();
  }
}

function stateOf(status: Status, instance: Instance): ServerState {
  return {
    id: status.id,
    machineId: machineId(),
    hostName: hostname(),
    nonce: status.nonce,
    pid: status.pid,
    port: status.port,
    url: `http://127.0.0.1:${status.port}`,
    controlSocket: instance.controlSocket,
    logFile: instance.logFile,
    digest: status.digest,
  };
}

async function deploymentOf(spec: ServerSpec, options: LocalOptions): Promise<Deployment> {
  const folders = await preopens(spec, options);
  const code = await transpiled(spec.component, options);
  return {
    id: spec.id,
    name: spec.name,
    ...(spec.application !== undefined && { application: spec.application }),
    digest: spec.component.digest,
    code,
    ...(spec.port !== undefined && { port: spec.port }),
    memoryPages: spec.limits.memoryPages,
    preopens: folders,
    guest: guestOf(spec),
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
  };
}

function checkPlatform(): void {
  if (process.platform !== "win32") return;
  throw new LocalTargetError("The local target runs on Linux and macOS. On Windows, run Pulumi inside WSL.");
}

function checkPort(port: number | undefined): void {
  if (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)) return;
  throw new LocalTargetError(
    `${port} is no port: give a whole number from 1 to 65535, or leave it out.`,
    "port",
  );
}

function requireThisMachine(state: ServerState): void {
  if (state.machineId === machineId()) return;
  throw new LocalTargetError(`The server runs on the machine ${state.hostName}, and this is ${hostname()}.`);
}
