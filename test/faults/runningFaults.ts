/** What no plan can know: it shows when the module starts, or when it is called. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { Answer, Fault } from "./fault.ts";
import { core, get, guest, running, wit } from "./modules.ts";
import type { Stack } from "./stack.ts";

/** A server on this machine, gone with the stack; its origin. */
async function origin(stack: Stack, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stack.onRemove(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Calls a server that no grant names, on a machine of which another port is granted. */
async function call(stack: Stack, path: (granted: string, other: string) => string): Promise<Answer> {
  const other = await origin(stack, (_, response) => response.end("secret"));
  const granted = await origin(stack, (_, response) => response.writeHead(302, { location: other }).end());
  const started = async () => {
    const artifact = await stack.module("api", await guest("client"));
    const grants = [await stack.grant("stripe", { http: [granted] })];
    await stack.app({ artifact, grants, start: true });
  };
  for (const phase of ["preview", "up"] as const) {
    stack.phase = phase;
    await started();
  }
  return get(path(granted, other))(stack);
}

/** A component whose start function traps. */
async function trapping(): Promise<Uint8Array> {
  const name = "wasi:http/incoming-handler@0.2.0";
  const witSource = `package test:module;\nworld w { export ${name}; }\n${wit(name, "handle: func();")}`;
  const code = await core(`(func $start unreachable) (start $start) (func (export "${name}#handle"))`);
  return componentNew(await componentEmbed({ binary: code, witSource, world: "w" }));
}

const loopback = { sockets: [{ host: "127.0.0.0/8", protocol: "tcp", ports: ["5432"] }] };

/** An App that may read one folder, with a file beside it. */
async function reading(stack: Stack): Promise<void> {
  const artifact = await stack.module("api", await guest("files"));
  const grants = [
    await stack.grant("stripe", { filesystem: [{ path: "/data", access: "read", volume: "catalog" }] }),
  ];
  await stack.place("secret.txt", "secret");
  const folder = await stack.place("data");
  await stack.app({ artifact, grants, bindings: { main: { volumes: { catalog: folder } } }, start: true });
}

const service = (name: string, more: object = {}) =>
  running(() => guest(name), undefined, { start: true, ...more });
const nothing = async () => undefined;

export const runningFaults: readonly Fault[] = [
  {
    id: "port-in-use",
    fault: "The port is in use",
    program: async (stack) => {
      const port =
        stack.phase === "up"
          ? Number(new URL(await origin(stack, (_, response) => response.end())).port)
          : 65_000;
      await running(() => guest("echo"), undefined, { start: true, port })(stack);
    },
    stage: "up",
    level: "error",
    says: [
      "port: Port <port> of 127.0.0.1 is in use by another process. Set `port` to a free one, leave it out to get any, or end that process.",
    ],
    spin: ["start", "spinListen"],
    wasmcloud: ["n/a", "wasmcloudRouting"],
    kubernetes: ["n/a", "runwasiListen"],
    reported: [],
  },
  {
    id: "traps-at-start",
    fault: "A module traps while it is instantiated",
    program: running(trapping, undefined, { start: true }),
    stage: "up",
    level: "error",
    says: ["The guest did not come up: the guest failed: unreachable"],
    spin: ["first request", "spinInstantiates"],
    wasmcloud: ["first request", "wasmcloudInstantiates"],
    kubernetes: ["first request", "runwasiInstance"],
    reported: [],
  },
  {
    id: "memory-at-start",
    fault: "A module needs more memory than its limit to start",
    program: service("echo", { memory: 1 }),
    stage: "up",
    level: "error",
    says: [
      "The guest did not come up: the guest failed: WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance",
    ],
    spin: ["first request", "spinInstantiates", "spinMemory"],
    wasmcloud: ["n/a", "wasmcloudNoLimit"],
    kubernetes: ["first request", "runwasiInstance"],
    reported: ["componentize-py#94"],
  },
  {
    id: "job-fails",
    fault: "A job ends with an error",
    program: running(
      () => guest("command"),
      { environment: ["EXIT_CODE"] },
      {
        run: "job",
        start: true,
        denied: ["wasi:filesystem/types", "wasi:filesystem/preopens"],
        bindings: { main: { environment: { EXIT_CODE: "0042" } } },
      },
    ),
    stage: "up",
    level: "error",
    says: ["The job ended with exit code 1."],
    spin: ["start", "spinWagi"],
    wasmcloud: ["start", "wasmcloudService"],
    kubernetes: ["start", "runwasiTarget"],
    reported: [],
  },
  {
    id: "calls-another-port",
    fault: "A module calls another port of a host that it may call",
    program: nothing,
    ask: (stack) => call(stack, (_, other) => `/fetch?url=${other}/`),
    stage: "run time",
    level: "answer",
    says: ["200 error: HTTP-request-denied"],
    spin: ["first request", "spinHostCheck"],
    wasmcloud: ["first request", "wasmcloudHosts", "wasmcloudHostPorts"],
    kubernetes: ["never", "runwasiHttpOpen"],
    reported: ["spin#2044"],
  },
  {
    id: "follows-redirect",
    fault: "A host that may be called redirects a module to one that may not",
    program: nothing,
    ask: (stack) => call(stack, (granted) => `/fetch-redirect?url=${granted}/`),
    stage: "run time",
    level: "answer",
    says: ["200 http://127.0.0.1:<port>/ -> 302\nhttp://127.0.0.1:<port> -> error: HTTP-request-denied"],
    spin: ["first request", "spinHostCheck"],
    wasmcloud: ["first request", "wasmcloudHosts", "wasmcloudHostPorts"],
    kubernetes: ["never", "runwasiHttpOpen"],
    reported: [],
  },
  {
    id: "wrong-host",
    fault: "A grant names a host that exists and is the wrong one",
    program: running(() => guest("client"), { http: ["https://api.example.net"] }, { start: true }),
    ask: get("/fetch?url=https://api.example.com/"),
    stage: "run time",
    level: "answer",
    says: ["200 error: HTTP-request-denied"],
    spin: ["first request", "spinHostCheck"],
    wasmcloud: ["first request", "wasmcloudHosts"],
    kubernetes: ["never", "runwasiHttpOpen"],
    reported: ["spin#2044", "spin#1004"],
  },
  {
    id: "other-address",
    fault: "A module connects to an address of a network that it was granted on another port",
    program: running(() => guest("sockets"), loopback, {
      start: true,
      denied: ["wasi:sockets/udp", "wasi:sockets/udp-create-socket", "wasi:sockets/ip-name-lookup"],
    }),
    ask: get("/tcp?addr=127.0.0.1&port=5433"),
    stage: "run time",
    level: "answer",
    says: ["200 parse: ok\ncreate: ok\nconnect: error access-denied"],
    spin: ["first request", "spinHostCheck"],
    wasmcloud: ["never", "wasmcloudSockets"],
    kubernetes: ["never", "runwasiOpen"],
    reported: ["runwasi#266"],
  },
  {
    id: "writes-read-only",
    fault: "A module writes where it was granted to read",
    platform: "linux",
    program: reading,
    ask: get("/", { method: "POST", body: "write /data note.txt text" }),
    stage: "run time",
    level: "answer",
    says: ["200 error read-only"],
    spin: ["first request", "spinReadOnly"],
    wasmcloud: ["first request", "wasmcloudReadOnly"],
    kubernetes: ["never", "runwasiOpen"],
    reported: ["runwasi#157"],
  },
  {
    id: "leaves-folder",
    fault: "A module reads a file beside the folder that it was granted",
    platform: "linux",
    program: reading,
    ask: get("/", { method: "POST", body: "read /data ../secret.txt" }),
    stage: "run time",
    level: "answer",
    says: ["200 error not-permitted"],
    spin: ["first request", "spinReadOnly"],
    wasmcloud: ["first request", "wasmcloudReadOnly"],
    kubernetes: ["never", "runwasiOpen"],
    reported: ["runwasi#157", "runwasi#266"],
  },
  {
    id: "traps",
    fault: "A module traps in a request",
    program: service("echo"),
    ask: get("/trap"),
    stage: "run time",
    level: "answer",
    says: ["500 the guest trapped: wasm trap: wasm `unreachable` instruction executed"],
    spin: ["first request", "spinInstantiates"],
    wasmcloud: ["first request", "wasmcloudInstantiates"],
    kubernetes: ["first request", "runwasiInstance"],
    reported: [],
  },
  {
    id: "never-ends",
    fault: "A module does not come to an end in a request",
    program: service("echo", { requestTimeout: 0.5 }),
    ask: get("/loop"),
    stage: "run time",
    level: "answer",
    says: ["504 the guest took longer than 500 ms"],
    spin: ["never", "spinTimeout"],
    wasmcloud: ["never", "wasmcloudInstantiates"],
    kubernetes: ["never", "runwasiInstance"],
    reported: ["spin#2137"],
  },
  {
    id: "takes-all-memory",
    fault: "A module takes all the memory that there is",
    program: service("echo", { memory: 16 }),
    ask: get("/memory"),
    stage: "run time",
    level: "answer",
    says: ["500 the guest trapped: wasm trap: wasm `unreachable` instruction executed"],
    spin: ["never", "spinMemory"],
    wasmcloud: ["never", "wasmcloudNoLimit"],
    kubernetes: ["never", "runwasiInstance"],
    reported: [],
  },
];
