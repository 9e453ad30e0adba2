/**
 * A Kubernetes API server, the real program with a real etcd, on a free port of 127.0.0.1 and with its data in a
 * temporary folder:
 *
 *   await using cluster = await startCluster();
 *   const namespace = await cluster.namespace();
 *   await cluster.api.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace }, data: {} });
 *
 * It authorises by RBAC. There are no nodes and no controllers: a Deployment is kept and validated, and nothing comes
 * of it; a namespace that is deleted stays, `Terminating`. It ends with `stop()`, with `await using`, and with this
 * process. Tests that need no server of their own share one: `sharedCluster` in shared.ts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { tool } from "../../../tools/toolchain/index.ts";
import { findOnPath } from "../../../tools/toolchain/path.ts";
import { serverCertificatePath, serverKeyPath } from "../certificates.ts";
import { type Access, Cluster } from "./access.ts";

/** Whether `npm test` put everything on PATH that a cluster and programs with its plugin need; else tests are skipped. */
export const canStart = (
  await Promise.all(["kube-apiserver", "etcd", "pulumi-resource-kubernetes"].map((name) => findOnPath(name)))
).every((path) => path !== undefined);

export interface RunningCluster extends AsyncDisposable {
  /** Serialisable: what another process needs to use the cluster. */
  access: Access;
  /** Ids of the two processes. */
  processes: number[];
  /** Path of the log of what the server was asked, where it keeps one: see audit.ts. */
  auditLog?: string;
  stop(): Promise<void>;
}

const startLimitMs = 120_000;
const pollMs = 100;
const portAttempts = 3;

/** Unix sockets in the working folder, so that no port can be taken; etcd wants them to look like host and port. */
const etcdSocket = "unix://etcd:0";
const peerSocket = "unix://peer:0";

interface ClusterOptions {
  /** Whether the server writes down what it is asked. Default: false. */
  audit?: boolean;
}

/** Starts a cluster, and resolves when it answers. Takes some seconds and 300 MB. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster & RunningCluster> {
  const running = await startProcesses(options);
  return Object.assign(new Cluster(running.access), running);
}

/** The same for others to use: only its processes and how to reach it. */
export async function startProcesses({ audit = false }: ClusterOptions = {}): Promise<RunningCluster> {
  const folder = await mkdtemp(join(tmpdir(), "wasm-cluster-"));
  const started: Program[] = [];
  const stop = async () => {
    // The API server first: without its etcd it would only complain.
    for (const program of started.toReversed()) await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const token = randomBytes(24).toString("hex");
    // By file, for arguments are seen by everybody.
    await writeFile(join(folder, "tokens.csv"), `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    started.push(await startEtcd(folder));
    const auditLog = audit ? join(folder, "audit.log") : undefined;
    const auditArguments = auditLog === undefined ? [] : await audited(folder, auditLog);
    const { program, server } = await startApiServer(folder, token, auditArguments);
    started.push(program);
    return {
      access: { server, token },
      processes: started.map(({ pid }) => pid),
      ...(auditLog !== undefined && { auditLog }),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEtcd(folder: string): Promise<Program> {
  const args = [
    "--unsafe-no-fsync",
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${etcdSocket}`,
    `--advertise-client-urls=${etcdSocket}`,
    `--listen-peer-urls=${peerSocket}`,
    `--initial-advertise-peer-urls=${peerSocket}`,
    `--initial-cluster=default=${peerSocket}`,
    "--log-level=warn",
  ];
  return new Program(await tool("etcd"), args, folder);
}

/** It takes no port that is free, only one that is named: somebody else may get there first. */
async function startApiServer(folder: string, token: string, more: readonly string[]) {
  const path = await tool("kube-apiserver");
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = `https://127.0.0.1:${port}`;
    const program = new Program(path, [...apiServerArguments(folder, port), ...more], folder);
    try {
      await ready(program, { server, token });
      return { program, server };
    } catch (error) {
      await program.stop();
      if (attempt === portAttempts || !program.log.some((line) => line.includes("address already in use")))
        throw error;
    }
  }
}

/** One line for each request, with what was asked and not what was sent. */
async function audited(folder: string, path: string): Promise<string[]> {
  const policy = join(folder, "audit.json");
  const rules = [{ level: "Metadata", omitStages: ["RequestReceived"] }];
  await writeFile(policy, JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules }));
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${path}`];
}

function apiServerArguments(folder: string, port: number): string[] {
  return [
    `--etcd-servers=${etcdSocket}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${serverCertificatePath}`,
    `--tls-private-key-file=${serverKeyPath}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${join(folder, "tokens.csv")}`,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/16",
    // There must be a key for tokens of service accounts; none is ever made.
    "--service-account-issuer=https://localhost",
    `--service-account-key-file=${serverCertificatePath}`,
    `--service-account-signing-key-file=${serverKeyPath}`,
    // Nobody reaches a loopback address from a pod, and it may not be an endpoint.
    "--endpoint-reconciler-type=none",
    // Without the controller that would finish them, deletions must not wait for dependents.
    "--enable-garbage-collector=false",
    // Tests that run beside each other are not to slow each other down.
    "--enable-priority-and-fairness=false",
    "--profiling=false",
  ];
}

async function ready(program: Program, access: Access): Promise<void> {
  const { api } = new Cluster(access);
  const limit = Date.now() + startLimitMs;
  for (;;) {
    if (program.ended) throw program.failure("ended before it was ready");
    if (await api.isReady()) return;
    if (Date.now() > limit) throw program.failure("was not ready in time");
    await delay(pollMs);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/** A child process with its log, that ends with this one. */
class Program {
  readonly log: string[] = [];
  readonly #child: ChildProcess;
  readonly #path: string;

  constructor(path: string, args: string[], cwd: string) {
    this.#path = path;
    const env = { PATH: process.env.PATH };
    this.#child = spawn(path, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    this.#child.once("error", (error) => this.log.push(error.message));
    // Only killed by its own id, and only while it is still this process's child.
    const kill = () => this.#child.kill("SIGKILL");
    process.once("exit", kill);
    this.#child.once("exit", () => process.off("exit", kill));
    createInterface(this.#child.stderr as NonNullable<ChildProcess["stderr"]>).on("line", (line) => {
      this.log.push(line);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get ended(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  failure(why: string): Error {
    return new Error([`${this.#path} ${why}.`, ...this.log.slice(-10)].join("\n"));
  }

  /** All that it keeps is thrown away, so it need not be asked. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
