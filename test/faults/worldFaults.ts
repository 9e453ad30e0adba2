/** Modules for another world than the one that the target serves. */
import { readFile } from "node:fs/promises";
import type { Fault, Peers } from "./fault.ts";
import { dummy, guest, running, wit } from "./modules.ts";

/** Linked by each system when it starts the module. */
const unmet: Peers = {
  spin: ["start", "spinInstantiatePre", "spinTargets"],
  wasmcloud: ["start", "wasmcloudInstantiatePre"],
  kubernetes: ["start", "runwasiInstantiatePre"],
};

const handler = "export wasi:http/incoming-handler@0.2.0;";
const handlerWit = wit("wasi:http/incoming-handler@0.2.0", "handle: func();");

export const worldFaults: readonly Fault[] = [
  {
    id: "library-as-service",
    fault: "A library, which serves nothing, is to run as a service",
    program: running(() => guest("plain")),
    stage: "preview",
    level: "error",
    says: [
      "artifact: exports acme:math/add@0.1.0, but no wasi:http/incoming-handler@0.2.x (an HTTP handler): it is a library, to be composed into a module that has one",
    ],
    spin: ["start", "spinHandlerType", "spinTargets"],
    wasmcloud: ["first request", "wasmcloudNoHandler"],
    kubernetes: ["start", "runwasiFunction"],
    reported: ["ComponentizeJS#282"],
  },
  {
    id: "command-as-service",
    fault: "A command is to run as a service",
    program: running(() => guest("command"), undefined, {
      denied: ["wasi:filesystem/types", "wasi:filesystem/preopens"],
    }),
    stage: "preview",
    level: "error",
    says: ['artifact: has no HTTP handler, but a command: set `run: "job"` to run it once'],
    spin: ["start", "spinHandlerType", "spinTargets"],
    wasmcloud: ["first request", "wasmcloudNoHandler"],
    kubernetes: ["start", "runwasiTarget"],
    reported: [],
  },
  {
    id: "service-as-job",
    fault: "A service is to run as a job",
    program: running(() => guest("echo"), undefined, { run: "job" }),
    stage: "preview",
    level: "error",
    says: ['artifact: has no command, but an HTTP handler: leave out `run: "job"` to serve it'],
    spin: ["start", "spinWagi"],
    wasmcloud: ["start", "wasmcloudService"],
    kubernetes: ["never", "runwasiTarget"],
    reported: [],
  },
  {
    id: "later-wasi",
    fault: "A service of WASI 0.3 where the target serves WASI 0.2",
    program: running(() =>
      dummy("export wasi:http/handler@0.3.0;", wit("wasi:http/handler@0.3.0", "handle: func();")),
    ),
    stage: "preview",
    level: "error",
    says: [
      "artifact: is a component of WASI 0.3 (wasi:http/handler@0.3.0), and the local target serves WASI 0.2: build it for WASI 0.2",
    ],
    spin: ["n/a", "spinHandlerType"],
    wasmcloud: ["n/a", "wasmcloudServes03"],
    kubernetes: ["start", "runwasiFunction"],
    reported: ["spin#3000"],
  },
  {
    id: "release-candidate",
    fault: "A module of a release candidate of WASI that nobody serves any more",
    program: running(() =>
      dummy(
        `import wasi:config/runtime@0.2.0-rc.9; ${handler}`,
        wit("wasi:config/runtime@0.2.0-rc.9"),
        handlerWit,
      ),
    ),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports wasi:config/runtime@0.2.0-rc.9, and no grant covers it. Version 0.2.0-rc.9 of wasi:config/runtime is not known here; known: 0.2.0-draft. Build the module with another version, or upgrade the plugin. Or deny: denied: ["wasi:config/runtime"]',
    ],
    ...unmet,
    reported: ["spin#3000", "wasmCloud#4063"],
  },
  {
    id: "unknown-interface",
    fault: "A module asks for an interface that no host has, and no other module gives it",
    program: running(() =>
      dummy(`import acme:auth/check@1.2.0; ${handler}`, wit("acme:auth/check@1.2.0"), handlerWit),
    ),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports acme:auth/check@1.2.0, and no grant covers it. Grant it by name: interfaces: ["acme:auth/check@1.2.0"]. Or deny: denied: ["acme:auth/check"]',
    ],
    ...unmet,
    reported: ["spin#959", "wasmCloud#5280"],
  },
  {
    id: "granted-unknown-interface",
    fault: "An interface is granted that the target does not have",
    program: running(
      () => dummy(`import acme:ai/model@1.2.0; ${handler}`, wit("acme:ai/model@1.2.0"), handlerWit),
      { interfaces: ["acme:ai/model@1.2.0"] },
    ),
    stage: "preview",
    level: "error",
    says: [
      "grants: the local target cannot deliver interfaces acme:ai/model@1.2.0 (module main, grant stripe): it provides no interfaces beyond WASI. Take it out of the grant, or choose another target.",
    ],
    ...unmet,
    reported: ["wasmCloud#5280"],
  },
  {
    id: "missing-store",
    fault: "A module is granted a key-value store where the target has none",
    program: async (stack) => {
      const store = await readFile(
        new URL("../fixtures/guests/wit/deps/keyvalue.wit", import.meta.url),
        "utf8",
      );
      const nested = store.replace(/^package (\S+);/, "package $1 {").concat("}");
      const service = () => dummy(`import wasi:keyvalue/store@0.2.0-draft; ${handler}`, nested, handlerWit);
      await running(service, { keyValue: ["sessions"] })(stack);
    },
    stage: "preview",
    level: "error",
    says: [
      "grants: the local target cannot deliver keyValue sessions (module main, grant stripe): it has no key-value stores yet. Take it out of the grant, or choose another target.",
    ],
    spin: ["start", "spinKeyValueLabel"],
    wasmcloud: ["start", "wasmcloudInstantiatePre"],
    kubernetes: ["start", "runwasiInstantiatePre"],
    reported: ["spin#959"],
  },
  {
    id: "bare-function",
    fault: "A module imports a bare function, which no host provides",
    program: running(() => dummy(`import audit: func(text: string); ${handler}`, handlerWit)),
    stage: "preview",
    level: "error",
    says: [
      'grants: module main imports audit, and no grant covers it. It is a plain name, which no host provides: build the module without it, or compose it with a module that exports it. Or deny: denied: ["audit"]',
    ],
    ...unmet,
    reported: ["spin#959"],
  },
];
