/** The program of `examples/beside-containers`: an App and a container that call each other. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, type Workspace } from "../../engine/workspace.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { exampleWorkspace } from "./example.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("an App beside a container", () => {
  let cluster: Cluster & AsyncDisposable;
  let registry: Registry;
  let namespace: string;
  let workspace: Workspace;
  beforeAll(async () => {
    cluster = await sharedCluster();
    registry = await startRegistry();
    namespace = await cluster.namespace();
    workspace = await exampleWorkspace("beside-containers", { cluster, registry, namespace }, ["two-apps"]);
    const sdk = join("node_modules", "@pulumi", "kubernetes");
    await symlink(join(repository, sdk), join(workspace.program, sdk), "junction");
  });
  afterAll(async () => {
    await workspace?.remove();
    await registry?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

  test("lets the container in and out by its labels and port, and is called by its Service", async () => {
    const { outputs } = await workspace.up();
    expect(outputs.url).toBe(`http://web.${namespace}.svc`);
    expect(outputs.report).toMatch(/main +calls +calls auth +exact +exact/);
    const read = (apiVersion: string, kind: string, name: string) =>
      cluster.api.read({ apiVersion, kind, metadata: { name, namespace } });
    const policy = await read("networking.k8s.io/v1", "NetworkPolicy", "web");
    const pods = { podSelector: { matchLabels: { app: "auth" } } };
    expect(policy?.spec).toMatchObject({
      ingress: [{ from: [pods], ports: [{ port: 8080 }] }],
      egress: [{ to: [pods], ports: [{ port: 8000 }] }, { ports: [{ port: 53 }, { port: 53 }] }],
    });
    expect(await read("v1", "Service", "auth")).toMatchObject({
      spec: { ports: [{ port: 80, targetPort: 8000 }] },
    });
    expect(await read("apps/v1", "Deployment", "auth")).toBeDefined();
  });
});
