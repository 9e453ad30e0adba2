/** Starts the process that handles a component: bare of rights and environment, with what it needs by pipe. */
import { type ChildProcess, spawn } from "node:child_process";
import { dirname } from "node:path";
import { pluginFile } from "../../pluginFiles.ts";
import type { FromHost, ToHost } from "./runtime/messages.ts";

export interface ProcessRights {
  /** Folders or files that it may read, beside the plugin's own code. */
  read: string[];
  write: string[];
  /** Whether it holds directories, which it reaches by `/proc/self/fd`. */
  descriptors: boolean;
  /** Most pages of 64 KiB in each of the guest's memories. */
  memoryPages: number | undefined;
}

/**
 * Each request leaves an instance behind, most of it live until the next collection. V8 would start with a heap so small
 * that it collects every dozen requests, for a third of the time. Megabytes.
 */
const GARBAGE_COLLECTION = ["--initial-old-space-size=64", "--min-semi-space-size=8"];

const SCRIPT = "local/guestHost.js";
/** Directories that the process has opened, on Linux. */
const DESCRIPTORS = "/proc/self/fd";

function flags({ read, write, descriptors, memoryPages }: ProcessRights): string[] {
  const code = dirname(dirname(pluginFile(SCRIPT)));
  const readable = [code, ...read, ...(descriptors ? [DESCRIPTORS] : [])];
  const writable = [...write, ...(descriptors && write.length > 0 ? [DESCRIPTORS] : [])];
  return [
    "--permission",
    "--allow-worker",
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...writable.map((path) => `--allow-fs-write=${path}`),
    // The permission model covers the network from Node 25 on; here the grants are held by the process itself.
    ...(process.allowedNodeEnvironmentFlags.has("--allow-net") ? ["--allow-net"] : []),
    ...(memoryPages === undefined ? [] : [`--wasm-max-mem-pages=${memoryPages}`]),
    ...GARBAGE_COLLECTION,
    "--no-warnings",
  ];
}

export interface GuestProcess {
  child: ChildProcess;
  send(...messages: ToHost[]): void;
}

/** `onMessages` gets what the process says; `onExit` is called once, with what can be said of its end. */
export function startGuestProcess(
  rights: ProcessRights,
  onMessages: (messages: FromHost[]) => void,
  onOutput: (text: string) => void,
  onExit: (reason: string) => void,
): GuestProcess {
  const child = spawn(process.execPath, [...flags(rights), pluginFile(SCRIPT)], {
    env: {},
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    serialization: "advanced",
  });
  child.stdout?.setEncoding("utf8").on("data", onOutput);
  child.stderr?.setEncoding("utf8").on("data", onOutput);
  child.on("message", (messages) => onMessages(messages as FromHost[]));
  let over = false;
  const end = (reason: string) => {
    if (over) return;
    over = true;
    onExit(reason);
  };
  child.on("error", (error) => end(`its process could not be started: ${error.message}`));
  child.on("exit", (code, signal) => end(`its process ended (${signal ?? `exit code ${code}`})`));
  return {
    child,
    send(...messages) {
      if (child.connected) child.send(messages, () => {});
    },
  };
}
