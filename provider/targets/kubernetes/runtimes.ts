/**
 * What runs Wasm on a node: the shims of runwasi (https://github.com/containerd/runwasi) and Spin's, each with its own rules.
 * Everything that differs between them stands in this table; read from their sources, versions as noted there.
 */

/** `service` serves HTTP, `job` runs a command to its end, once or on a schedule. */
export type Run = "service" | "job";

export const runtimeNames = ["wasmtime", "spin", "wasmer", "wasmedge", "wamr"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** The form in which an artifact is sealed: guards need components; of core modules, whole imports are taken away. */
export type Form = "component" | "core";

export interface Runtime {
  name: RuntimeName;
  /** As messages call it. */
  title: string;
  /** What containerd's configuration calls it: `runtime_type`. */
  runtimeType: string;
  /** What nodes commonly call it: a suggestion for messages and documents, never assumed. */
  commonHandler: string;
  form: Form;
  /** What it runs as, with the beginnings of the exports that it starts. Of core modules, the names of functions. */
  starts: Readonly<Partial<Record<Run, readonly string[]>>>;
  /** Beginnings of the imports that it links, by what it runs as. */
  links: Readonly<Partial<Record<Run, readonly string[]>>>;
  /** The variable that says where the shim listens, `address:port`; absent where it serves nothing. */
  listenVariable?: string;
  /** Variables that the shim takes for itself or sets; a trailing `*` stands for any end. */
  ownVariables: readonly string[];
  /** Folders that the shim writes to, beside a read-only root. */
  writableFolders: readonly string[];
  /** Media type of the one layer of an image; each is the CNCF's Wasm OCI artifact. */
  layerType: "application/wasm";
  /** Whether nodes keep compiled code; else it is compiled at each start of a pod. */
  isCompiledOnce: boolean;
  /** What is lost on it, whatever was granted, by what it runs as: whole sentences without a full stop. */
  losses: Readonly<Partial<Record<Run, readonly string[]>>>;
}

/** WASI 0.2 as Wasmtime links it (`wasmtime_wasi::p2`); `wasi:clocks/timezone` is behind a switch there. */
const wasi02 = [
  "wasi:io/",
  "wasi:cli/",
  "wasi:clocks/monotonic-clock@",
  "wasi:clocks/wall-clock@",
  "wasi:random/",
  "wasi:filesystem/",
  "wasi:sockets/",
];

const passesEnvironment = "the shim hands the guest all of the pod's environment";

/** The shims for core modules differ in their engine only. */
function coreRuntime(name: "wasmer" | "wasmedge" | "wamr", title: string): Runtime {
  return {
    name,
    title,
    runtimeType: `io.containerd.${name}.v1`,
    commonHandler: name,
    form: "core",
    starts: { job: ["_start"] },
    links: { job: ["wasi_snapshot_preview1#"] },
    ownVariables: name === "wasmedge" ? ["WASMEDGE_*"] : [],
    writableFolders: [],
    layerType: "application/wasm",
    isCompiledOnce: false,
    losses: {
      job: [
        passesEnvironment,
        "it opens the whole file system of the container to the guest",
        "no guards stand between a core module and its host: what a grant opens is open as a whole",
        "the module is compiled at each start of a pod",
      ],
    },
  };
}

export const runtimes: Readonly<Record<RuntimeName, Runtime>> = {
  // containerd-shim-wasmtime, main of April 2026, Wasmtime 36.
  wasmtime: {
    name: "wasmtime",
    title: "Wasmtime",
    runtimeType: "io.containerd.wasmtime.v1",
    commonHandler: "wasmtime-v1",
    form: "component",
    starts: { service: ["wasi:http/incoming-handler@0.2."], job: ["wasi:cli/run@0.2."] },
    links: { service: [...wasi02, "wasi:http/"], job: wasi02 },
    listenVariable: "WASMTIME_HTTP_PROXY_SOCKET_ADDR",
    ownVariables: ["WASMTIME_HTTP_PROXY_SOCKET_ADDR", "WASMTIME_HTTP_BACKLOG", "REQUEST_ID"],
    writableFolders: [],
    layerType: "application/wasm",
    isCompiledOnce: true,
    losses: {
      service: [
        "the shim drops what the guest prints",
        "it has no time limit for a request, and ends running requests when a pod ends",
        passesEnvironment,
      ],
      job: [passesEnvironment, "it opens the whole file system of the container to the guest"],
    },
  },
  // containerd-shim-spin v0.24.0, Spin 3.6.
  spin: {
    name: "spin",
    title: "Spin",
    runtimeType: "io.containerd.spin.v2",
    commonHandler: "spin-v2",
    form: "component",
    starts: { service: ["wasi:http/incoming-handler@0.2.", "fermyon:spin/inbound-http"] },
    links: { service: [...wasi02, "wasi:http/"] },
    listenVariable: "SPIN_HTTP_LISTEN_ADDR",
    ownVariables: ["SPIN_*", "HOSTNAME", "XDG_CACHE_HOME", "TMPDIR"],
    writableFolders: ["/.cache", "/.spin"],
    layerType: "application/wasm",
    isCompiledOnce: true,
    losses: {
      service: ["the shim has no time limit for a request", "it gives a bare component no grants at all"],
    },
  },
  wasmer: coreRuntime("wasmer", "Wasmer"),
  wasmedge: coreRuntime("wasmedge", "WasmEdge"),
  wamr: coreRuntime("wamr", "WAMR"),
};

/** Whether a shim takes an environment variable for itself. */
export function isOwnVariable({ ownVariables }: Runtime, key: string): boolean {
  return ownVariables.some((own) => (own.endsWith("*") ? key.startsWith(own.slice(0, -1)) : key === own));
}

/** What the report says of a runtime beside the grants, one line each. */
export function lossLines(name: RuntimeName, run: Run): string[] {
  const { title, losses } = runtimes[name];
  return (losses[run] ?? []).map((loss) => `runtime ${title}: ${loss}`);
}
