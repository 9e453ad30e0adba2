/** An App on a real API server, by the real engine and the real Kubernetes plugin. There are no nodes: no pod comes of it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed, type Outcome, type Workspace } from "../../engine/workspace.ts";
import { markedModule } from "../imagePrograms.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { kubernetesWorkspace, writeKubernetesProgram } from "./program.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("an App on Kubernetes", () => {
  let cluster: Cluster & AsyncDisposable;
  let registry: Registry;
  let namespace: string;
  let workspace: Workspace;
  beforeAll(async () => {
    cluster = await sharedCluster();
    registry = await startRegistry();
    namespace = await cluster.namespace();
    workspace = await kubernetesWorkspace();
  });
  afterAll(async () => {
    await workspace?.remove();
    await registry?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

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
    await writeFile(join(workspace.program, "api.wasm"), await markedModule(mark, "client"));
    await writeKubernetesProgram(
      workspace,
      { kubeconfig: cluster.kubeconfig, namespace, dryRun },
      `
        const api = new wasm.Module("api", { file: new pulumi.asset.FileAsset("api.wasm") });
        const grant = new wasm.CapabilityGrant("grant", {
          environment: ["GREETING", "KEY"],
          http: ${JSON.stringify(http)},
        });
        const edge = new wasm.EdgeTarget("edge", {
          registry: { push: "${registry.host}/acme", pull: "registry.internal/acme", insecure: true },
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
    );
  }

  /** What a run did, in no order: the engine works on what it can at the same time. */
  const operations = (outcome: Outcome) =>
    changed(outcome)
      .map(({ op, type, name }) => `${op} ${type.split(":").at(-1)} ${name}`)
      .toSorted();
  const apiVersions: Record<string, string> = {
    Deployment: "apps/v1",
    NetworkPolicy: "networking.k8s.io/v1",
  };
  const referenceTo = (kind: string, name = "shop") => ({
    apiVersion: apiVersions[kind] ?? "v1",
    kind,
    metadata: { name, namespace },
  });
  const read = (kind: string, name?: string) => cluster.api.read(referenceTo(kind, name));
  const pod = async () => ((await read("Deployment")) as unknown as PodOwner).spec.template.spec;
  const names = async () => (await workspace.outputs()).names as Record<string, string>;

  test("shows its objects in preview, with its image and address", async () => {
    await change({});
    const planned = await workspace.preview();
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
      url: `http://shop.${namespace}.svc`,
      image: expect.stringMatching(/^registry\.internal\/acme\/shop@sha256:[0-9a-f]{64}$/),
      report: expect.stringContaining("runtime Wasmtime: "),
    });
    expect(await read("Deployment")).toBeUndefined();
  });

  test("runs its image by digest, with what was bound", async () => {
    const { outputs } = await workspace.up();
    const { ConfigMap, Secret } = await names();
    expect(await pod()).toMatchObject({
      runtimeClassName: "wasmtime-v1",
      containers: [
        {
          image: outputs.image,
          envFrom: [{ configMapRef: { name: ConfigMap } }, { secretRef: { name: Secret } }],
        },
      ],
    });
    expect(await read("ConfigMap", ConfigMap)).toMatchObject({ data: { GREETING: "hello" } });
    expect(await read("Secret", Secret)).toMatchObject({ data: { KEY: btoa("first-secret") } });
    expect(await workspace.stateText()).not.toMatch(new RegExp(`first-secret|${btoa("first-secret")}`));
  });

  test("does not change when nothing changed", async () => {
    expect(operations(await workspace.up())).toEqual([]);
  });

  test("moves its image and its pods with its module, and nothing else", async () => {
    const before = await workspace.outputs();
    await change({ mark: "two" });
    const { outputs, ...outcome } = await workspace.up();
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
    expect(operations(await workspace.up())).toEqual([
      "update Admission shop",
      "update CapabilityGrant grant",
      "update Deployment shop",
      "update Image shop",
      "update NetworkPolicy shop",
    ]);
    expect(JSON.stringify(await read("NetworkPolicy"))).toContain("192.0.2.7/32");
  });

  test("rolls its pods to a Secret of its own for another value, and then removes the former", async () => {
    const former = (await names()).Secret;
    await change({ key: "second-secret" });
    const outcome = await workspace.up();
    expect(operations(outcome)).toEqual([
      "create-replacement Secret shop",
      "delete-replaced Secret shop",
      "replace Secret shop",
      "update Deployment shop",
    ]);
    const { Secret } = await names();
    expect(Secret).not.toBe(former);
    expect(await pod()).toMatchObject({ containers: [{ envFrom: [{}, { secretRef: { name: Secret } }] }] });
    expect(await read("Secret", former)).toBeUndefined();
    expect(await workspace.stateText()).not.toMatch(new RegExp(`second-secret|${btoa("second-secret")}`));
  });

  test("is scaled without anything else", async () => {
    await change({ app: "replicas: 3," });
    const template = await pod();
    expect(operations(await workspace.up())).toEqual(["update Deployment shop"]);
    expect(await read("Deployment")).toMatchObject({ spec: { replicas: 3 } });
    expect(await pod()).toEqual(template);
  });

  test("shows in a refresh what somebody changed by hand, and repairs it", async () => {
    await change({ dryRun: true });
    await workspace.up();
    await cluster.api.patch(referenceTo("Deployment"), { spec: { replicas: 9 } });
    const refreshed = await workspace.refresh();
    expect(refreshed.steps.filter(({ op }) => op === "refresh").map(({ name }) => name)).toContain("shop");
    expect(operations(await workspace.up())).toEqual(["update Deployment shop"]);
    expect(await read("Deployment")).toMatchObject({ spec: { replicas: 3 } });
  });

  test("leaves nothing behind", async () => {
    const { ConfigMap, Secret } = await names();
    await workspace.destroy();
    for (const kind of ["Deployment", "Service", "ServiceAccount", "NetworkPolicy"]) {
      expect(await read(kind)).toBeUndefined();
    }
    expect(await read("ConfigMap", ConfigMap)).toBeUndefined();
    expect(await read("Secret", Secret)).toBeUndefined();
  });
});

interface PodOwner {
  spec: { template: { spec: Record<string, unknown> } };
}
