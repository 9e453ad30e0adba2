/** An App on a real API server, by the real engine and the real Kubernetes plugin. There are no nodes: no pod comes of it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { markedModule } from "../imagePrograms.ts";
import { AppStack, operations } from "./appStack.ts";
import { canStart } from "./cluster.ts";

describe.skipIf(!canStart)("an App on Kubernetes", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  interface Program {
    /** Tells the module's bytes apart. */
    mark?: string;
    http?: string[];
    key?: string;
    /** More of the App. */
    app?: string;
    /** See `Place` in program.ts. */
    dryRun?: boolean;
  }
  let program: Program = {};

  /** Changes the program in these respects. */
  async function change(to: Program): Promise<void> {
    program = { ...program, ...to };
    const {
      mark = "one",
      http = ["https://api.example.com"],
      key = "first-secret",
      app = "",
      dryRun = false,
    } = program;
    await writeFile(join(stack.workspace.program, "api.wasm"), await markedModule(mark, "client"));
    await stack.write(
      `
        const api = new wasm.Module("api", { file: new pulumi.asset.FileAsset("api.wasm") });
        const grant = new wasm.CapabilityGrant("grant", {
          environment: ["GREETING", "KEY"],
          http: ${JSON.stringify(http)},
        });
        const edge = new wasm.EdgeTarget("edge", {
          registry,
          kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace, networkPolicy: "enforced" },
        });
        const app = new wasm.App("shop", {
          artifact: api.artifact,
          target: edge.target,
          grants: [grant.grant],
          bindings: { main: { environment: { GREETING: "hello", KEY: pulumi.secret("${key}") } } },
          kubernetes: { callers: [{ app: "web" }] },
          ${app}
        }, { providers: [cluster], transforms: [withoutAwait] });
        export const { url, clusterUrl, image, report, names } = app;
      `,
      { dryRun },
    );
  }

  const pod = async () => ((await stack.read("Deployment")) as unknown as PodOwner).spec.template.spec;

  test("shows its objects in preview, with its image and address", async () => {
    await change({});
    const planned = await stack.workspace.preview();
    expect(operations(planned)).toEqual([
      "create Admission shop",
      "create App shop",
      "create CapabilityGrant grant",
      "create ConfigMap shop",
      "create Deployment shop",
      "create EdgeTarget edge",
      "create Image shop",
      "create Module api",
      "create NetworkPolicy shop",
      "create Secret shop",
      "create Service shop",
      "create ServiceAccount shop",
    ]);
    expect(planned.outputs).toMatchObject({
      url: `http://shop.${stack.namespace}.svc`,
      image: expect.stringMatching(/^registry\.internal\/acme\/shop@sha256:[0-9a-f]{64}$/),
      report: expect.stringContaining("runtime Wasmtime: "),
    });
    expect(await stack.read("Deployment")).toBeUndefined();
  });

  test("runs its image by digest, with what was bound", async () => {
    const { outputs } = await stack.workspace.up();
    const { ConfigMap, Secret } = await stack.names();
    expect(await pod()).toMatchObject({
      runtimeClassName: "wasmtime-v1",
      containers: [
        {
          image: outputs.image,
          envFrom: [{ configMapRef: { name: ConfigMap } }, { secretRef: { name: Secret } }],
        },
      ],
    });
    expect(await stack.read("ConfigMap", ConfigMap)).toMatchObject({ data: { GREETING: "hello" } });
    expect(await stack.read("Secret", Secret)).toMatchObject({ data: { KEY: btoa("first-secret") } });
    expect(await stack.workspace.stateText()).not.toMatch(new RegExp(`first-secret|${btoa("first-secret")}`));
  });

  test("does not change when nothing changed", async () => {
    expect(operations(await stack.workspace.up())).toEqual([]);
  });

  test("moves its image and its pods with its module, and nothing else", async () => {
    const before = await stack.workspace.outputs();
    await change({ mark: "two" });
    const { outputs, ...outcome } = await stack.workspace.up();
    expect(operations({ outputs, ...outcome })).toEqual([
      "update Admission shop",
      "update Deployment shop",
      "update Image shop",
      "update Module api",
    ]);
    expect(outputs.image).not.toBe(before.image);
    expect(outputs.names).toEqual(before.names);
    expect(await pod()).toMatchObject({ containers: [{ image: outputs.image }] });
  });

  test("moves its artifact and its policy with a grant", async () => {
    await change({ http: ["https://api.example.com", "http://192.0.2.7:8080"] });
    expect(operations(await stack.workspace.up())).toEqual([
      "update Admission shop",
      "update CapabilityGrant grant",
      "update Deployment shop",
      "update Image shop",
      "update NetworkPolicy shop",
    ]);
    expect(JSON.stringify(await stack.read("NetworkPolicy"))).toContain("192.0.2.7/32");
  });

  test("rolls its pods to a Secret of its own for another value, and then removes the former", async () => {
    const former = (await stack.names()).Secret;
    await change({ key: "second-secret" });
    const outcome = await stack.workspace.up();
    expect(operations(outcome)).toEqual([
      "create-replacement Secret shop",
      "delete-replaced Secret shop",
      "replace Secret shop",
      "update Deployment shop",
    ]);
    const { Secret } = await stack.names();
    expect(Secret).not.toBe(former);
    expect(await pod()).toMatchObject({ containers: [{ envFrom: [{}, { secretRef: { name: Secret } }] }] });
    expect(await stack.read("Secret", former)).toBeUndefined();
    expect(await stack.workspace.stateText()).not.toMatch(
      new RegExp(`second-secret|${btoa("second-secret")}`),
    );
  });

  test("is scaled without anything else", async () => {
    await change({ app: "replicas: 3," });
    const template = await pod();
    expect(operations(await stack.workspace.up())).toEqual(["update Deployment shop"]);
    expect(await stack.read("Deployment")).toMatchObject({ spec: { replicas: 3 } });
    expect(await pod()).toEqual(template);
  });

  test("shows in a refresh what somebody changed by hand, and repairs it", async () => {
    await change({ dryRun: true });
    await stack.workspace.up();
    await stack.cluster.api.patch(stack.reference("Deployment"), { spec: { replicas: 9 } });
    const refreshed = await stack.workspace.refresh();
    expect(refreshed.steps.filter(({ op }) => op === "refresh").map(({ name }) => name)).toContain("shop");
    expect(operations(await stack.workspace.up())).toEqual(["update Deployment shop"]);
    expect(await stack.read("Deployment")).toMatchObject({ spec: { replicas: 3 } });
  });

  test("makes again what somebody removed by hand, and nothing else", async () => {
    const { Secret: former } = await stack.names();
    await stack.cluster.api.remove(stack.reference("Service"));
    await stack.cluster.api.remove(stack.reference("Secret", former));
    await stack.workspace.refresh();
    expect(operations(await stack.workspace.up())).toEqual([
      "create Secret shop",
      "create Service shop",
      "update Deployment shop",
    ]);
    const { Secret } = await stack.names();
    expect(await pod()).toMatchObject({ containers: [{ envFrom: [{}, { secretRef: { name: Secret } }] }] });
  });

  test("leaves nothing behind", async () => {
    const { ConfigMap, Secret } = await stack.names();
    await stack.workspace.destroy();
    for (const kind of ["Deployment", "Service", "ServiceAccount", "NetworkPolicy"]) {
      expect(await stack.read(kind)).toBeUndefined();
    }
    expect(await stack.read("ConfigMap", ConfigMap)).toBeUndefined();
    expect(await stack.read("Secret", Secret)).toBeUndefined();
  });
});

interface PodOwner {
  spec: { template: { spec: Record<string, unknown> } };
}
