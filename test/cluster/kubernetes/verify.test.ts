/** What `verify` finds missing in preview. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guest, type Workspace } from "../../engine/workspace.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { kubernetesWorkspace, writeKubernetesProgram } from "./program.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("a target that is verified", () => {
  let cluster: Cluster & AsyncDisposable;
  let namespace: string;
  let workspace: Workspace;
  beforeAll(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.namespace();
    workspace = await kubernetesWorkspace();
    const metadata = { name: `class-of-${namespace}` };
    await cluster.api.create({
      apiVersion: "node.k8s.io/v1",
      kind: "RuntimeClass",
      metadata,
      handler: "wasm",
    });
  });
  afterAll(async () => {
    await workspace?.remove();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function preview(place: { namespace?: string; runtimeClass?: string; kubeconfig?: string } = {}) {
    const { runtimeClass = `class-of-${namespace}`, kubeconfig = cluster.kubeconfig } = place;
    await writeKubernetesProgram(
      workspace,
      { kubeconfig, namespace: place.namespace ?? namespace },
      `
        const echo = new wasm.Module("echo", { file: new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))}) });
        const edge = new wasm.EdgeTarget("edge", {
          registry: { push: "localhost:5000/acme" },
          kubernetes: { runtime: "wasmtime", runtimeClassName: "${runtimeClass}", namespace, verify: true },
        });
        new wasm.App("shop", { artifact: echo.artifact, target: edge.target, kubernetes: { callers: [{ app: "web" }] } },
          { providers: [cluster] });
      `,
    );
    return workspace.preview();
  }

  test("has a preview where all is there", async () => {
    const { steps } = await preview();
    expect(
      steps
        .filter(({ op }) => op === "read")
        .map(({ type }) => type.split(":").at(-1))
        .toSorted(),
    ).toEqual(["Namespace", "RuntimeClass"]);
  });

  test("has none where the namespace is missing", async () => {
    await expect(preview({ namespace: "nowhere" })).rejects.toThrow("resource 'nowhere' does not exist");
  });

  test("has none where the RuntimeClass is missing", async () => {
    await expect(preview({ runtimeClass: "nobodys" })).rejects.toThrow("resource 'nobodys' does not exist");
  });

  test.each([
    ["is none", () => "nonsense", /failed to parse kubeconfig data/],
    [
      "names a context that is not in it",
      () => cluster.kubeconfig.replace(/(current-context"?: *"?)[^",\n]+/, "$1nowhere"),
      /context was not found for specified context: nowhere/,
    ],
  ])("has none where the kubeconfig %s", async (_what, kubeconfig, error) => {
    await expect(preview({ kubeconfig: kubeconfig() })).rejects.toThrow(error);
  });

  test("has none where the cluster cannot be reached", async () => {
    const kubeconfig = cluster.kubeconfig.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1");
    await expect(preview({ kubeconfig })).rejects.toThrow(/connection refused|unreachable/);
  });
});
