/** What this provider does not catch: the declaration is in order, and means the wrong thing. */
import type { Fault, Peers } from "./fault.ts";
import { get, guest, moduleOf, pair, running } from "./modules.ts";

/** Nobody knows what was meant. */
const meant: Peers = {
  spin: ["never", "spinSubtype"],
  wasmcloud: ["never", "wasmcloudLinks"],
  kubernetes: ["never", "wacMismatch"],
};

export const uncaughtFaults: readonly Fault[] = [
  {
    id: "same-type-other-meaning",
    fault: "Two parameters of one type have changed places in the module that is called",
    program: pair("resize: func(width: u32, height: u32);", "resize: func(width: u32, height: u32);"),
    stage: "not caught",
    level: "answer",
    says: [],
    ...meant,
    reported: [],
  },
  {
    id: "old-build",
    fault: "The file is an old build: its sources have changed since",
    program: moduleOf(() => guest("plain")),
    stage: "not caught",
    level: "answer",
    says: [],
    spin: ["never", "spinSource"],
    wasmcloud: ["never", "wasmcloudPush"],
    kubernetes: ["never", "runwasiCompile"],
    reported: [],
  },
  {
    id: "rebuilt-after-approval",
    fault: "The file is built anew between the preview that was approved and `up`",
    program: moduleOf(() => guest("plain")),
    meanwhile: async (stack) => {
      await stack.place("api.wasm", await guest("echo"));
    },
    stage: "not caught",
    level: "answer",
    says: [],
    spin: ["n/a", "spinSource"],
    wasmcloud: ["n/a", "wasmcloudPush"],
    kubernetes: ["n/a", "runwasiCompile"],
    reported: [],
  },
  {
    id: "wider-than-needed",
    fault: "A grant names a whole domain where one host is called",
    program: running(() => guest("client"), { http: ["https://*.example.com"] }),
    stage: "not caught",
    level: "answer",
    says: [],
    spin: ["never", "spinHostsChecked"],
    wasmcloud: ["never", "wasmcloudHostSyntax"],
    kubernetes: ["never", "runwasiHttpOpen"],
    reported: [],
  },
  {
    id: "wrong-value",
    fault: "A key is bound to a value that is wrong: the key of another system",
    program: running(
      () => guest("echo"),
      { environment: ["STRIPE_KEY"] },
      {
        start: true,
        bindings: { main: { environment: { STRIPE_KEY: "of-another-system" } } },
      },
    ),
    ask: get("/env"),
    stage: "not caught",
    level: "answer",
    says: ["200 STRIPE_KEY=of-another-system"],
    spin: ["never", "spinRequiredVariables"],
    wasmcloud: ["never", "wasmcloudConfig"],
    kubernetes: ["never", "kubernetesConfigKey"],
    reported: [],
  },
  {
    id: "wrong-folder",
    fault: "A volume is bound to the folder of another system",
    platform: "linux",
    program: async (stack) => {
      const artifact = await stack.module("api", await guest("files"));
      const grants = [
        await stack.grant("stripe", { filesystem: [{ path: "/data", access: "write", volume: "catalog" }] }),
      ];
      const folder = await stack.place("production");
      await stack.app({ artifact, grants, bindings: { main: { volumes: { catalog: folder } } } });
    },
    stage: "not caught",
    level: "answer",
    says: [],
    spin: ["never", "spinFiles"],
    wasmcloud: ["never", "wasmcloudHostPath"],
    kubernetes: ["never", "kubernetesHostPath"],
    reported: [],
  },
  {
    id: "says-yes",
    fault: "A module answers every question with yes, in the right type",
    program: running(() => guest("echo"), undefined, { start: true }),
    ask: get("/status?code=200"),
    stage: "not caught",
    level: "answer",
    says: ["200 as asked"],
    ...meant,
    reported: [],
  },
];
