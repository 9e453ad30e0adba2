/** Commands on a real API server: once as a Job, again and again as a CronJob, and core modules that are sealed by stubs. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import type { EngineFailure } from "../../engine/workspace.ts";
import { preview1 } from "../../unit/coreStubsSetup.ts";
import { binary } from "../../unit/inspectComponents.ts";
import { manifestAt, markedModule } from "../imagePrograms.ts";
import { AppStack, operations } from "./appStack.ts";
import { canStart } from "./cluster.ts";

/** A program with an App of the module in `command.wasm`. */
interface Wanted {
  bytes: Uint8Array;
  /** Of the CapabilityGrant. */
  grant?: string;
  /** Of the EdgeTarget. */
  runtime?: string;
  /** More of the App. */
  app: string;
  /** See `Place` in program.ts. */
  dryRun?: boolean;
}

async function write(stack: AppStack, wanted: Wanted) {
  const { bytes, grant = "{}", runtime = "wasmtime", app, dryRun = false } = wanted;
  await writeFile(join(stack.workspace.program, "command.wasm"), bytes);
  await stack.write(
    `
    const command = new wasm.Module("command", { file: new pulumi.asset.FileAsset("command.wasm") });
    const grant = new wasm.CapabilityGrant("grant", ${grant});
    const edge = new wasm.EdgeTarget("edge", {
      registry,
      kubernetes: { runtime: "${runtime}", runtimeClassName: "${runtime}", namespace },
    });
    const app = new wasm.App("shop", {
      artifact: command.artifact,
      target: edge.target,
      grants: [grant.grant],
      ${app}
    }, { providers: [cluster], transforms: [withoutAwait] });
    export const { url, clusterUrl, image, report, names } = app;
  `,
    { dryRun },
  );
}

describe.skipIf(!canStart)("a command on Kubernetes", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const grant = `{
    filesystem: [
      { path: "/catalog", access: "read", volume: "catalog" },
      { path: "/keys", access: "read", volume: "keys" },
      { path: "/orders", access: "write", volume: "orders" },
      { path: "/scratch", access: "write", volume: "scratch" },
    ],
  }`;
  const app = `
    limits: { time: 90, memory: 32 },
    bindings: {
      main: {
        volumes: {
          catalog: { configMap: "catalog" },
          keys: { secret: "keys" },
          orders: { claim: "orders" },
          scratch: { empty: { sizeLimit: "10Mi" } },
        },
      },
    },
    kubernetes: { arguments: ["--price", "5 $(TOKEN)"], retries: 2 },
  `;
  const job = `run: "job", ${app}`;
  const scheduled = (schedule: string) => `run: { schedule: "${schedule}" }, ${app}`;
  const pod = {
    restartPolicy: "Never",
    volumes: [
      { name: "volume-catalog", configMap: { name: "catalog" } },
      { name: "volume-keys", secret: { secretName: "keys" } },
      { name: "volume-orders", persistentVolumeClaim: { claimName: "orders" } },
      { name: "volume-scratch", emptyDir: { sizeLimit: "10Mi" } },
    ],
    containers: [
      {
        command: ["/main.wasm"],
        // Kubernetes gives `$(TOKEN)` back for this, which it would replace otherwise.
        args: ["--price", "5 $$(TOKEN)"],
        resources: { limits: { memory: "32Mi" } },
        volumeMounts: [
          { name: "volume-catalog", mountPath: "/catalog", readOnly: true },
          { name: "volume-keys", mountPath: "/keys", readOnly: true },
          { name: "volume-orders", mountPath: "/orders" },
          { name: "volume-scratch", mountPath: "/scratch" },
        ],
      },
    ],
  };
  const jobNames = async () => (await stack.list("Job")).map(({ metadata }) => metadata.name);

  test("runs once, with its arguments and what is mounted for reading and writing", async () => {
    await write(stack, { bytes: await markedModule("one", "command"), grant, app: job });
    const outcome = await stack.workspace.up();
    expect(operations(outcome)).toEqual([
      "create Admission shop",
      "create App shop",
      "create CapabilityGrant grant",
      "create EdgeTarget edge",
      "create Image shop",
      "create Job shop",
      "create Module command",
      "create NetworkPolicy shop",
      "create ServiceAccount shop",
    ]);
    const { Job } = await stack.names();
    expect(await stack.read("Job", Job)).toMatchObject({
      spec: { backoffLimit: 2, activeDeadlineSeconds: 90, template: { spec: pod } },
    });
    const { url, clusterUrl } = outcome.outputs;
    expect({ url, clusterUrl }).toEqual({});
  });

  test("does not run again when nothing changed", async () => {
    const before = await stack.list("Job");
    expect(operations(await stack.workspace.up())).toEqual([]);
    expect(await stack.list("Job")).toEqual(before);
  });

  test("runs again as a Job of its own for another module, before the former goes", async () => {
    const { Job: former } = await stack.names();
    await write(stack, { bytes: await markedModule("two", "command"), grant, app: job });
    const outcome = await stack.workspace.up();
    expect(operations(outcome)).toEqual([
      "create-replacement Job shop",
      "delete-replaced Job shop",
      "replace Job shop",
      "update Admission shop",
      "update Image shop",
      "update Module command",
    ]);
    const order = outcome.steps.filter(({ type }) => type.endsWith(":Job")).map(({ op }) => op);
    expect(order).toEqual(["create-replacement", "replace", "delete-replaced"]);
    const { Job } = await stack.names();
    expect(Job).not.toBe(former);
    expect(await jobNames()).toEqual([Job]);
    expect(await stack.read("Job", Job)).toMatchObject({
      spec: { template: { spec: { containers: [{ image: outcome.outputs.image }] } } },
    });
  });

  test("runs on a schedule instead of once", async () => {
    await write(stack, {
      bytes: await markedModule("two", "command"),
      grant,
      app: scheduled("0 3 * * 1-5"),
    });
    expect(operations(await stack.workspace.up())).toEqual(["create CronJob shop", "delete Job shop"]);
    expect(await jobNames()).toEqual([]);
    expect(await stack.read("CronJob")).toMatchObject({
      spec: {
        schedule: "0 3 * * 1-5",
        timeZone: "Etc/UTC",
        concurrencyPolicy: "Forbid",
        jobTemplate: { spec: { backoffLimit: 2, template: { spec: pod } } },
      },
    });
  });

  test("moves to another schedule in its place", async () => {
    const before = await stack.read("CronJob");
    await write(stack, { bytes: await markedModule("two", "command"), grant, app: scheduled("@hourly") });
    const outcome = await stack.workspace.up();
    expect(operations(outcome)).toEqual(["update CronJob shop"]);
    expect(outcome.steps.find(({ type }) => type.endsWith(":CronJob"))?.diff).toEqual(["spec.schedule"]);
    expect(await stack.read("CronJob")).toMatchObject({
      metadata: { uid: before?.metadata.uid },
      spec: { schedule: "@hourly" },
    });
  });

  test("moves to another module in its place", async () => {
    const before = await stack.read("CronJob");
    await write(stack, { bytes: await markedModule("three", "command"), grant, app: scheduled("@hourly") });
    const { outputs } = await stack.workspace.up();
    expect(await stack.read("CronJob")).toMatchObject({
      metadata: { uid: before?.metadata.uid },
      spec: {
        jobTemplate: { spec: { template: { spec: { containers: [{ image: outputs.image }] } } } },
      },
    });
  });

  test("leaves nothing behind", async () => {
    await stack.workspace.destroy();
    for (const kind of ["Job", "CronJob", "NetworkPolicy", "ServiceAccount"]) {
      expect(await stack.list(kind)).toEqual([]);
    }
  });
});

/** A program of WASI preview 1. */
const core = `(module
  (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")))`;

describe.skipIf(!canStart)("a core module on Kubernetes", () => {
  let stack: AppStack;
  let failure: EngineFailure;
  let accepted: string;
  beforeAll(async () => {
    stack = await AppStack.start();
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const wanted = {
    grant: '{ environment: ["LEVEL"] }',
    runtime: "wasmer",
    app: `
      run: "job",
      bindings: { main: { environment: { LEVEL: "info" } } },
      denied: ["${preview1("path_open")}", "${preview1("sock_send")}"],
    `,
  };

  test("is refused in preview while nobody accepts what nothing enforces", async () => {
    await write(stack, { ...wanted, bytes: await binary(core) });
    failure = await stack.workspace.preview().then(
      () => Promise.reject(new Error("It was planned.")),
      (error: EngineFailure) => error,
    );
    expect(failure.message).toContain("nothing enforces environment LEVEL (module main, grant grant)");
    expect(await stack.list("Job")).toEqual([]);
  });

  test("runs with what preview printed to paste, without the imports that are denied", async () => {
    accepted = `${wanted.app}\n${/To accept that: (acceptRisk: \[.*\])/.exec(failure.message)?.[1]}`;
    await write(stack, { ...wanted, app: accepted, bytes: await binary(core) });
    const { outputs } = await stack.workspace.up();
    expect(await importsOf(stack, String(outputs.image))).toEqual(["environ_get", "proc_exit"].map(preview1));
    const { Job, ConfigMap } = await stack.names();
    expect(await stack.read("Job", Job)).toMatchObject({
      spec: {
        template: {
          spec: {
            runtimeClassName: "wasmer",
            containers: [{ image: outputs.image, envFrom: [{ configMapRef: { name: ConfigMap } }] }],
          },
        },
      },
    });
    expect(await stack.read("ConfigMap", ConfigMap)).toMatchObject({ data: { LEVEL: "info" } });
  });

  test("does not run again when nothing changed, compared with what is there", async () => {
    await write(stack, { ...wanted, app: accepted, bytes: await binary(core), dryRun: true });
    await stack.workspace.up();
    await stack.workspace.refresh();
    expect(operations(await stack.workspace.up())).toEqual([]);
  });
});

const layersSchema = z.object({ layers: z.array(z.object({ digest: z.string() })) });

/** The imports of the core module that an image's only layer is, as a node pulls it. */
async function importsOf({ registry }: AppStack, image: string): Promise<string[]> {
  const digest = image.slice(image.indexOf("@") + 1);
  const { json } = await manifestAt(registry.url, "acme/shop", digest);
  const { layers } = layersSchema.parse(json);
  expect(layers).toHaveLength(1);
  const response = await fetch(`${registry.url}/v2/acme/shop/blobs/${layers[0]?.digest}`);
  const module = await WebAssembly.compile(await response.arrayBuffer());
  return WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}#${name}`);
}

interface CompiledModule {
  readonly exports?: never;
}
/** Node's own reader of modules, which its types leave out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    compile(bytes: ArrayBuffer): Promise<CompiledModule>;
    Module: { imports(module: CompiledModule): { module: string; name: string }[] };
  };
};
