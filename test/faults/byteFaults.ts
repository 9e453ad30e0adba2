/** Files that are not what they are taken for. */
import { createHash } from "node:crypto";
import type { Properties } from "../../provider/values.ts";
import { binary } from "../unit/inspectComponents.ts";
import type { Fault, Peers } from "./fault.ts";
import { core, guest, moduleOf, running } from "./modules.ts";
import type { Stack } from "./stack.ts";

/** Not a Wasm binary at all. */
const noWasm: Peers = {
  spin: ["push", "spinEnsureWasm"],
  wasmcloud: ["push", "wasmcloudPush"],
  kubernetes: ["start", "runwasiInvalid"],
};
/** The header is right, the rest is not. */
const damaged: Peers = {
  spin: ["start", "spinEnsureWasm", "spinCompile"],
  wasmcloud: ["push", "wasmcloudPush"],
  kubernetes: ["start", "runwasiCompile"],
};

const witPackage = () =>
  binary(`(component
    (type (component
      (type (component (type (instance (type (func)) (export "f" (func (type 0))))) (export "a:b/i" (instance (type 0)))))
      (export "a:b/w" (component (type 0)))))
    (export "w" (type 0)))`);

const job =
  (module: Uint8Array, more: Properties = {}) =>
  async (stack: Stack) => {
    await stack.composition({ job: { artifact: await stack.module("job", module), ...more } });
  };

const digest = `sha256:${createHash("sha256").update("another build").digest("hex")}`;

export const byteFaults: readonly Fault[] = [
  {
    id: "truncated",
    fault: "The end of the file is missing, as after a download that broke off",
    program: moduleOf(async () => (await guest("client")).subarray(0, -100)),
    stage: "preview",
    level: "error",
    says: [
      "file: The module is damaged or uses a form that is not supported: unexpected end-of-file (at offset 0x19dd8). Build it again with current tools.",
    ],
    ...damaged,
    reported: [],
  },
  {
    id: "invalid-code",
    fault: "A function's body does not validate",
    program: moduleOf(() => core("(func (result i32))")),
    stage: "preview",
    level: "error",
    says: [
      "file: The module is damaged or uses a form that is not supported: Compiling function #0 failed: expected 1 elements on the stack for fallthru, found 0 @+24. Build it again with current tools.",
    ],
    spin: ["push", "spinPushComposes", "spinComponentize"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["start", "runwasiCore"],
    reported: [],
  },
  {
    id: "web-page",
    fault: "An error page in place of the module",
    program: moduleOf(async () => "<!DOCTYPE html><title>404</title>"),
    stage: "preview",
    level: "error",
    says: ["file: …/api.wasm is not WebAssembly: it begins with 3c21444f, not 0061736d. Give a .wasm file."],
    ...noWasm,
    reported: ["spec#1031", "spin#3207"],
  },
  {
    id: "empty",
    fault: "An empty file",
    program: moduleOf(async () => ""),
    stage: "preview",
    level: "error",
    says: ["file: …/api.wasm is empty. Build the module again."],
    ...noWasm,
    reported: ["spin#3207"],
  },
  {
    id: "text-format",
    fault: "WebAssembly text in place of the binary",
    program: moduleOf(async () => "(component)"),
    stage: "preview",
    level: "error",
    says: [
      "file: …/api.wasm is WebAssembly text (WAT). Make a binary of it first: wasm-tools parse <file> -o module.wasm",
    ],
    spin: ["push", "spinPushComposes", "spinComponentize"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["start", "runwasiInvalid"],
    reported: [],
  },
  {
    id: "wit-package",
    fault: "A WIT package, which holds types and no code",
    program: moduleOf(witPackage),
    stage: "preview",
    level: "error",
    says: [
      "file: The module is a WIT package in binary form: it describes interfaces and holds no code. Give the component that implements them.",
    ],
    spin: ["start", "spinHandlerType"],
    wasmcloud: ["first request", "wasmcloudNoHandler"],
    kubernetes: ["start", "runwasiFunction"],
    reported: [],
  },
  {
    id: "native-code",
    fault: "Native code that was compiled from a module ahead of time",
    program: moduleOf(async () => Buffer.from("\x7fELF\x02\x01\x01\xc8", "latin1")),
    stage: "preview",
    level: "error",
    says: [
      "file: …/api.wasm is a native image (ELF), for example one that Wasmtime or wasmCloud precompiled (.cwasm). Give the .wasm file that it was made from: a native image cannot be inspected and fits one runtime version only.",
    ],
    spin: ["push", "spinEnsureWasm"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["never", "runwasiPrecompiled"],
    reported: ["shim-spin#447"],
  },
  {
    id: "other-digest",
    fault: "The file is another one than the one that was reviewed",
    program: moduleOf(() => guest("plain"), { expectedDigest: digest }),
    stage: "preview",
    level: "error",
    says: [
      "file: The module's digest is sha256:…, but expectedDigest is sha256:…. Build or fetch the expected module, or correct expectedDigest.",
    ],
    spin: ["push", "spinDownload"],
    wasmcloud: ["start", "wasmcloudPull"],
    kubernetes: ["start", "kubernetesDigest"],
    reported: [],
  },
  {
    id: "missing-file",
    fault: "There is no file",
    program: async (stack) => {
      await stack.moduleAt("api", `${stack.folder}/none.wasm`);
    },
    stage: "preview",
    level: "error",
    says: ["file: There is no file …/none.wasm. Build the module first, or correct the path."],
    spin: ["push", "spinSource"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["build", "wacFile"],
    reported: [],
  },
  {
    id: "changed-within-up",
    fault: "The file is built anew while `up` is at it",
    program: async (stack) => {
      stack.afterCheck = async () => {
        await stack.place("api.wasm", await guest("echo"));
      };
      await stack.module("api", await guest("plain"));
    },
    stage: "up",
    level: "error",
    says: [
      "file: …/api.wasm was changed while this run was under way. Run it again once the build has ended.",
    ],
    spin: ["n/a", "spinSource"],
    wasmcloud: ["n/a", "wasmcloudPush"],
    kubernetes: ["n/a", "runwasiCompile"],
    reported: [],
  },
  {
    id: "core-for-component",
    fault: "A core module where the target runs components",
    program: running(() => core('(func (export "handle"))')),
    stage: "preview",
    level: "error",
    says: [
      "artifact: is a core module, and its exports do not say whether it is a program (`_start`) or a library (`_initialize`): build it for wasm32-wasip2, or say so in a Composition (`adapt`)",
    ],
    spin: ["start", "spinHandlerType"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["start", "runwasiCore"],
    reported: ["crun#1871"],
  },
  {
    id: "core-with-host-functions",
    fault: "A core module that asks for functions of another host (`env`)",
    program: async (stack) =>
      job(await core('(import "env" "abort" (func)) (memory (export "memory") 1) (func (export "_start"))'))(
        stack,
      ),
    stage: "preview",
    level: "error",
    says: [
      "modules.job: Module `job`: It is a core module and cannot be adapted as a command: module was not valid: failed to resolve import `env::abort`: module requires an import interface named `env`. Build `job` as a component, for instance for wasm32-wasip2.",
    ],
    spin: ["push", "spinPushComposes", "spinComponentize"],
    wasmcloud: ["push", "wasmcloudPush"],
    kubernetes: ["start", "runwasiCore"],
    reported: ["cargo-component#235", "wasm-tools#2185"],
  },
];
