/** Modules that may do too little, too much, or something else than they ask for. */
import type { Fault, Peers } from "./fault.ts";
import { dummy, exported, get, guest, running, wit } from "./modules.ts";
import type { Stack } from "./stack.ts";

/** What a module asks for and was not given is found by asking. */
const asked: Peers = {
  spin: ["first request", "spinHostCheck"],
  wasmcloud: ["first request", "wasmcloudHosts"],
  kubernetes: ["never", "runwasiHttpOpen"],
};
/** Nobody holds a list against what the module imports. */
const unseen: Peers = {
  spin: ["never", "spinHostsChecked"],
  wasmcloud: ["never", "wasmcloudMatch"],
  kubernetes: ["n/a", "runwasiHttpOpen"],
};

const web = { http: ["https://api.example.com"] };
const data = (volume: string) => ({ filesystem: [{ path: "/data", access: "read", volume }] });
const environment = "wasi:cli/environment@0.2.0";

/** `front` answers with its environment; its neighbour `auth` is granted a key of it. */
async function neighbours(stack: Stack): Promise<void> {
  const grants = [await stack.grant("token", { environment: ["TOKEN"] })];
  const auth = await dummy(
    `import ${environment}; export acme:auth/check@1.2.0;`,
    wit(
      environment,
      "get-environment: func() -> list<tuple<string, string>>; get-arguments: func() -> list<string>; initial-cwd: func() -> option<string>;",
    ),
    wit("acme:auth/check@1.2.0"),
  );
  const artifact = await stack.composition(
    { front: await guest("echo"), auth: { artifact: await stack.module("auth", auth), grants } },
    {
      exports: [exported("front", "wasi:http/incoming-handler"), exported("auth", "acme:auth/check")],
    },
  );
  await stack.app({ artifact, bindings: { auth: { environment: { TOKEN: "of-auth" } } }, start: true });
}

export const accessFaults: readonly Fault[] = [
  {
    id: "http-not-granted",
    fault: "A module calls out over HTTP, and no grant covers it",
    program: running(() => guest("client")),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:http/outgoing-handler@0.2.4, and no grant covers it. Grant what it may reach, for example http: ["https://api.example.com"] or calls: ["app"]. Or deny: denied: ["wasi:http/outgoing-handler"]',
    ],
    ...asked,
    reported: ["spin#2044", "spin#1004", "wasmCloud#5342"],
  },
  {
    id: "files-not-granted",
    fault: "A module works on files, and no grant covers it",
    program: running(() => guest("files")),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:filesystem/preopens@0.2.6, wasi:filesystem/types@0.2.6, and no grant covers them. Grant what it may reach, for example filesystem: [{ path: "/data", access: "read", volume: "data" }]. Or deny: denied: ["wasi:filesystem/preopens", "wasi:filesystem/types"]',
    ],
    spin: ["first request", "spinFiles"],
    wasmcloud: ["first request", "wasmcloudHostPath"],
    kubernetes: ["first request", "runwasiHttpClosed"],
    reported: [],
  },
  {
    id: "command-files-not-granted",
    fault: "A command works on files, and no grant covers it",
    program: running(() => guest("command"), undefined, { run: "job" }),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:filesystem/preopens@0.2.6, wasi:filesystem/types@0.2.6, and no grant covers them. Grant what it may reach, for example filesystem: [{ path: "/data", access: "read", volume: "data" }]. Or deny: denied: ["wasi:filesystem/preopens", "wasi:filesystem/types"]',
    ],
    spin: ["start", "spinFiles"],
    wasmcloud: ["start", "wasmcloudHostPath"],
    kubernetes: ["never", "runwasiOpen"],
    reported: ["runwasi#266", "runwasi#157"],
  },
  {
    id: "sockets-not-granted",
    fault: "A module opens sockets, and no grant covers it",
    program: running(() => guest("sockets")),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:sockets/instance-network@0.2.6, wasi:sockets/network@0.2.6, and no grant covers them. Grant what it may reach, for example sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }] or nameLookup: ["db.example.com"]. Or deny: denied: ["wasi:sockets/instance-network", "wasi:sockets/network"]',
      'grants: module main imports wasi:sockets/ip-name-lookup@0.2.6, and no grant covers it. Grant what it may reach, for example nameLookup: ["db.example.com"]. Or deny: denied: ["wasi:sockets/ip-name-lookup"]',
      'grants: module main imports wasi:sockets/tcp-create-socket@0.2.6, wasi:sockets/tcp@0.2.6, and no grant covers them. Grant what it may reach, for example sockets: [{ host: "10.0.0.0/8", protocol: "tcp", ports: ["5432"] }]. Or deny: denied: ["wasi:sockets/tcp-create-socket", "wasi:sockets/tcp"]',
      'grants: module main imports wasi:sockets/udp-create-socket@0.2.6, wasi:sockets/udp@0.2.6, and no grant covers them. Grant what it may reach, for example sockets: [{ host: "10.0.0.0/8", protocol: "udp", ports: ["5432"] }]. Or deny: denied: ["wasi:sockets/udp-create-socket", "wasi:sockets/udp"]',
    ],
    spin: ["first request", "spinHostCheck"],
    wasmcloud: ["never", "wasmcloudSockets"],
    kubernetes: ["first request", "runwasiHttpClosed"],
    reported: [],
  },
  {
    id: "config-not-granted",
    fault: "A module reads configuration, and no grant covers it",
    program: running(() => guest("config")),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:config/store@0.2.0-rc.1, and no grant covers it. Grant what it may reach, for example config: ["key"]. Or deny: denied: ["wasi:config/store"]',
    ],
    spin: ["start", "spinInstantiatePre"],
    wasmcloud: ["start", "wasmcloudInstantiatePre"],
    kubernetes: ["start", "runwasiInstantiatePre"],
    reported: [],
  },
  {
    id: "denied-misspelt",
    fault: "What is denied is misspelt: the import stays as it is",
    program: running(() => guest("client"), web, { denied: ["wasi:sockets/tpc"] }),
    stage: "preview",
    level: "warning",
    says: ['denied: module main has no import "wasi:sockets/tpc"; remove it'],
    spin: ["never", "spinCapabilitySets"],
    wasmcloud: ["n/a", "wasmcloudMatch"],
    kubernetes: ["n/a", "runwasiOpen"],
    reported: [],
  },
  {
    id: "grant-unused",
    fault: "A grant names what the module cannot use: left over, or meant for another module",
    program: running(() => guest("echo"), web),
    stage: "preview",
    level: "warning",
    says: [
      "grant stripe: no import of module main uses http https://api.example.com; remove it, or correct the module",
    ],
    ...unseen,
    reported: [],
  },
  {
    id: "socket-without-lookup",
    fault: "Sockets to a name are granted, and not the look-up of the name: nothing can be reached",
    program: running(() => guest("sockets"), {
      sockets: [
        { host: "db.example.com", protocol: "tcp", ports: ["5432"] },
        { host: "10.0.0.1", protocol: "udp", ports: ["53"] },
      ],
      nameLookup: ["dp.example.com"],
    }),
    stage: "preview",
    level: "warning",
    says: [
      'module main: sockets to db.example.com reach nothing, for no grant lets it look the name up: nameLookup: ["db.example.com"]',
    ],
    spin: ["n/a", "spinHostCheck"],
    wasmcloud: ["first request", "wasmcloudHostNames"],
    kubernetes: ["n/a", "runwasiOpen"],
    reported: ["wasmCloud#5423"],
  },
  {
    id: "neighbours-key",
    fault: "A module reads the key that its neighbour in the same component was granted",
    program: neighbours,
    ask: async (stack) => {
      const { text } = await get("/env")(stack);
      return { text, isRefused: !text.includes("of-auth") };
    },
    stage: "run time",
    level: "answer",
    says: ["200 "],
    spin: ["never", "spinCapabilitySets"],
    wasmcloud: ["n/a", "wasmcloudEnvironment"],
    kubernetes: ["never", "runwasiEnv"],
    reported: [],
  },
  {
    id: "risk-left-over",
    fault: "A risk is accepted that there is not any more",
    program: running(() => guest("client"), web, {
      acceptRisk: [{ module: "main", entry: "http https://api.example.com: none", reason: "reviewed" }],
    }),
    stage: "preview",
    level: "warning",
    says: ['acceptRisk: nothing needs "http https://api.example.com: none" of module main; remove it'],
    spin: ["n/a", "spinCapabilitySets"],
    wasmcloud: ["n/a", "wasmcloudMatch"],
    kubernetes: ["n/a", "runwasiOpen"],
    reported: [],
  },
  {
    id: "above-maximum",
    fault: "A grant goes beyond what the stack allows at most",
    settings: { maximumGrants: JSON.stringify({ http: ["https://*.example.com"] }) },
    program: running(() => guest("client"), { http: ["https://api.example.org"] }),
    stage: "preview",
    level: "error",
    says: [
      "grants: http https://api.example.org (module main, grant stripe) is above the maximum: wasm:maximumGrants allows http https://*.example.com. Narrow the grant, or have the maximum raised.",
    ],
    spin: ["never", "spinHostsChecked"],
    wasmcloud: ["never", "wasmcloudHostParse"],
    kubernetes: ["never", "runwasiOpen"],
    reported: [],
  },
  {
    id: "family-above-maximum",
    fault: "A grant opens a whole family that the stack does not allow",
    settings: { maximumGrants: JSON.stringify({ http: ["https://*.example.com"] }) },
    program: running(
      () => guest("echo"),
      { environment: ["STRIPE_KEY"] },
      { bindings: { main: { environment: { STRIPE_KEY: "k" } } } },
    ),
    stage: "preview",
    level: "error",
    says: [
      "grants: environment STRIPE_KEY (module main, grant stripe) is above the maximum: wasm:maximumGrants allows nothing of environment. Narrow the grant, or have the maximum raised.",
    ],
    spin: ["never", "spinEnvironment"],
    wasmcloud: ["never", "wasmcloudEnvironment"],
    kubernetes: ["never", "runwasiEnv"],
    reported: [],
  },
  {
    id: "grants-of-a-composition",
    fault: "Grants are given to a composition as a whole in place of one of its modules",
    program: async (stack) => {
      const grant = await stack.grant("stripe", web);
      const artifact = await stack.composition({ api: await guest("echo") });
      await stack.app({ artifact, grants: [grant] });
    },
    stage: "preview",
    level: "error",
    says: ["grants: belongs to the modules of the Composition: give it there, for each of them"],
    spin: ["n/a", "spinCapabilitySets"],
    wasmcloud: ["n/a", "wasmcloudMatch"],
    kubernetes: ["never", "runwasiOpen"],
    reported: [],
  },
  {
    id: "widened",
    fault: "A change lets a module reach more than before",
    before: running(() => guest("client"), web),
    program: running(() => guest("client"), { http: ["https://api.example.com", "https://*.example.org"] }),
    stage: "preview",
    level: "note",
    says: ["This widens what may be done:\n+ http https://*.example.org (module main, grant stripe)"],
    spin: ["never", "spinHostsChecked"],
    wasmcloud: ["never", "wasmcloudHostParse"],
    kubernetes: ["never", "runwasiOpen"],
    reported: [],
  },
  {
    id: "two-volumes-at-one-path",
    fault: "Two grants put different volumes at one path",
    platform: "linux",
    program: async (stack) => {
      const artifact = await stack.module("api", await guest("files"));
      const grants = [
        await stack.grant("catalog", data("catalog")),
        await stack.grant("uploads", data("uploads")),
      ];
      const folder = await stack.place("data");
      await stack.app({
        artifact,
        grants,
        bindings: { main: { volumes: { catalog: folder, uploads: folder } } },
      });
    },
    stage: "preview",
    level: "error",
    says: [
      "grants: grants catalog and uploads put different volumes at /data of module main (catalog, uploads). Give one of them another path.",
    ],
    spin: ["never", "spinDestination"],
    wasmcloud: ["never", "wasmcloudMountPath"],
    kubernetes: ["apply", "kubernetesMounts"],
    reported: [],
  },
];
