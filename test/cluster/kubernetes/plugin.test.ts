/** The real engine with the real Kubernetes plugin, as our children will use them: by type tokens, without its SDK. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed, type Workspace } from "../../engine/workspace.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { kubernetesWorkspace, writeKubernetesProgram } from "./program.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("objects of a program", () => {
  let cluster: Cluster & AsyncDisposable;
  let namespace: string;
  let workspace: Workspace;
  beforeAll(async () => {
    cluster = await sharedCluster();
    namespace = `program-${(await cluster.namespace()).slice("test-".length)}`;
    workspace = await kubernetesWorkspace();
  });
  afterAll(async () => {
    await workspace?.remove();
    await cluster?.[Symbol.asyncDispose]();
  });

  const deployment = () => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "echo", namespace },
  });

  /** The version is one of the plugin that users have, not of the one that is here. */
  async function write({ image = "one", replicas = 1, values = { KEY: "one" } } = {}) {
    await writeKubernetesProgram(
      workspace,
      { kubeconfig: cluster.kubeconfig, namespace },
      `
        const options = { provider: cluster, version: "4.34.0" };
        const skipAwait = { "pulumi.com/skipAwait": "true" };
        const space = new KubernetesObject("v1", "Namespace", "space", { metadata: { name: namespace, annotations: skipAwait } }, options);
        const config = new KubernetesObject("v1", "ConfigMap", "config", {
          metadata: { namespace: space.metadata.name },
          immutable: true,
          data: ${JSON.stringify(values)},
        }, options);
        const labels = { app: "echo" };
        const container = {
          name: "main",
          image: "registry.example/${image}",
          envFrom: [{ configMapRef: { name: config.metadata.name } }],
        };
        const echo = new KubernetesObject("apps/v1", "Deployment", "echo", {
          metadata: { name: "echo", namespace: space.metadata.name, annotations: skipAwait },
          spec: { replicas: ${replicas}, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
        }, options);
        export const names = [config.metadata.name, echo.metadata.name];
      `,
    );
  }

  const operations = (outcome: Parameters<typeof changed>[0]) =>
    changed(outcome).map(({ op, name, diff }) => ({ op, name, diff }));

  test("are all in the preview, and made by up", async () => {
    await write();
    const planned = await workspace.preview();
    expect(changed(planned).map(({ op, type }) => `${op} ${type}`)).toEqual([
      "create kubernetes:core/v1:Namespace",
      "create kubernetes:core/v1:ConfigMap",
      "create kubernetes:apps/v1:Deployment",
    ]);
    expect(await cluster.api.read(deployment())).toBeUndefined();
    const { outputs } = await workspace.up();
    expect(outputs.names).toEqual([expect.stringMatching(/^config-/), "echo"]);
    expect(await cluster.api.read(deployment())).toMatchObject({ spec: { replicas: 1 } });
  });

  test("do not change when nothing changed", async () => {
    const before = await cluster.api.read(deployment());
    expect(operations(await workspace.up())).toEqual([]);
    expect(await cluster.api.read(deployment())).toEqual(before);
  });

  test("change where the program changed", async () => {
    await write({ replicas: 2 });
    expect(operations(await workspace.preview())).toEqual([
      { op: "update", name: "echo", diff: ["spec.replicas"] },
    ]);
    await workspace.up();
    expect(await cluster.api.read(deployment())).toMatchObject({
      metadata: { generation: 2 },
      spec: { replicas: 2 },
    });
  });

  test("have a successor before they are removed, when they are immutable and have no name of their own", async () => {
    const [former] = (await workspace.outputs()).names as string[];
    await write({ replicas: 2, values: { KEY: "two" } });
    const { steps, outputs } = await workspace.up();
    const order = steps.filter(({ op }) => op !== "same").map(({ op, name }) => `${op} ${name}`);
    expect(order).toEqual([
      "create-replacement config",
      "replace config",
      "update echo",
      "delete-replaced config",
    ]);
    const [name] = outputs.names as string[];
    expect(name).not.toBe(former);
    const live = await cluster.api.read(deployment());
    expect(JSON.stringify(live?.spec)).toContain(`"configMapRef":{"name":"${name}"}`);
    const maps = await cluster.api.list("v1", "ConfigMap", namespace);
    expect(maps.map(({ metadata }) => metadata.name)).toEqual([name]);
  });

  test("show in a refresh what was changed by hand", async () => {
    await cluster.api.patch(deployment(), { spec: { replicas: 7 } });
    const { steps } = await workspace.refresh();
    expect(steps.filter(({ name }) => name === "echo")).toMatchObject([{ op: "refresh" }]);
    const state = await workspace.state();
    const stored = state.find(({ type }) => type === "kubernetes:apps/v1:Deployment");
    expect(stored?.outputs).toMatchObject({ spec: { replicas: 7 } });
  });

  test("are gone after destroy", async () => {
    await workspace.destroy();
    expect(await cluster.api.read(deployment())).toBeUndefined();
    expect(await cluster.api.list("v1", "ConfigMap", namespace)).toEqual([]);
  });
});
