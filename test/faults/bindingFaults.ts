/** Values and folders that do not belong to what was granted. */
import { symlink } from "node:fs/promises";
import type { Properties } from "../../provider/values.ts";
import type { Fault, Peers } from "./fault.ts";
import { guest, running } from "./modules.ts";
import type { AppInputs, Stack } from "./stack.ts";

/** A value that nothing reads is no fault to those who hand out values. */
const unread: Peers = {
  spin: ["never", "spinRequiredVariables"],
  wasmcloud: ["never", "wasmcloudConfig"],
  kubernetes: ["never", "runwasiEnv"],
};

const catalog = { filesystem: [{ path: "/data", access: "read", volume: "catalog" }] };
const bound = (grant: Properties | undefined, bindings: NonNullable<AppInputs["bindings"]>) =>
  running(() => guest("echo"), grant, { bindings });

/** An App whose module reads a volume, bound to what `place` gives. */
const volume = (place: (stack: Stack) => Promise<string>) => async (stack: Stack) => {
  const artifact = await stack.module("api", await guest("files"));
  const grants = [await stack.grant("stripe", catalog)];
  const folder = await place(stack);
  await stack.app({ artifact, grants, bindings: { main: { volumes: { catalog: folder } } } });
};

export const bindingFaults: readonly Fault[] = [
  {
    id: "key-without-value",
    fault: "A granted key of the environment has no value",
    program: running(() => guest("echo"), { environment: ["STRIPE_KEY"] }),
    stage: "preview",
    level: "error",
    says: [
      "bindings.main.environment.STRIPE_KEY: is granted, but bound to no value: give it one, or take it out of the grant",
    ],
    spin: ["start", "spinRequiredVariables"],
    wasmcloud: ["first request", "wasmcloudConfig"],
    kubernetes: ["start", "kubernetesConfigKey"],
    reported: ["spin#714"],
  },
  {
    id: "value-without-grant",
    fault: "A value is bound to a key that nobody may read: misspelt, or left over",
    program: bound(undefined, { main: { environment: { STRIPE_KYE: "k" } } }),
    stage: "preview",
    level: "error",
    says: [
      'bindings.main.environment.STRIPE_KYE: no grant names it: add environment: ["STRIPE_KYE"] to a CapabilityGrant of this App, or remove the binding',
    ],
    ...unread,
    reported: [],
  },
  {
    id: "config-without-value",
    fault: "A granted key of the configuration has no value",
    program: running(() => guest("config"), { config: ["color"] }),
    stage: "preview",
    level: "error",
    says: [
      "bindings.main.config.color: is granted, but bound to no value: give it one, or take it out of the grant",
    ],
    spin: ["start", "spinRequiredVariables"],
    wasmcloud: ["first request", "wasmcloudConfig"],
    kubernetes: ["start", "runwasiInstantiatePre"],
    reported: ["spin#714"],
  },
  {
    id: "binding-of-no-module",
    fault: "Values are bound for a module that there is not",
    program: bound(undefined, { api: { environment: { MODE: "test" } } }),
    stage: "preview",
    level: "error",
    says: ["bindings.api: there is no module of this name: an App of a single Module calls it main"],
    spin: ["never", "spinRequiredVariables"],
    wasmcloud: ["n/a", "wasmcloudConfig"],
    kubernetes: ["n/a", "runwasiEnv"],
    reported: [],
  },
  {
    id: "volume-without-place",
    fault: "A granted volume has no place",
    program: running(() => guest("files"), catalog),
    stage: "preview",
    level: "error",
    says: [
      'bindings.main.volumes.catalog: is granted, but bound to nothing: give it a place, such as { folder: "./data" }, or take it out of the grant',
    ],
    spin: ["push", "spinFiles"],
    wasmcloud: ["first request", "wasmcloudVolumeWarning"],
    kubernetes: ["apply", "kubernetesMounts"],
    reported: [],
  },
  {
    id: "volume-missing",
    fault: "The folder of a volume does not exist",
    platform: "linux",
    program: volume(async (stack) => `${stack.folder}/none`),
    stage: "preview",
    level: "error",
    says: ["volumes.catalog: The folder …/none does not exist. Create it first."],
    spin: ["push", "spinFiles"],
    wasmcloud: ["start", "wasmcloudHostPath"],
    kubernetes: ["start", "kubernetesHostPath"],
    reported: [],
  },
  {
    id: "volume-by-link",
    fault: "The folder of a volume is a link to another one",
    platform: "linux",
    program: volume(async (stack) => {
      await stack.place("real");
      await symlink("real", `${stack.folder}/link`).catch(() => undefined);
      return `${stack.folder}/link`;
    }),
    stage: "preview",
    level: "error",
    says: [
      "volumes.catalog: The path …/link leads through a symbolic link to …/real. Give …/real itself if that folder is meant.",
    ],
    spin: ["never", "spinFiles"],
    wasmcloud: ["never", "wasmcloudHostPath"],
    kubernetes: ["never", "kubernetesHostPathLinks"],
    reported: [],
  },
];
