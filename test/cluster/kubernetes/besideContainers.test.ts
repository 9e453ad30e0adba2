/** The program of `examples/beside-containers`: an App and a container that call each other. */
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository } from "../../engine/workspace.ts";
import { AppStack } from "./appStack.ts";
import { canStart } from "./cluster.ts";
import { writeExample } from "./example.ts";

describe.skipIf(!canStart)("an App beside a container", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
    await writeExample(stack, "beside-containers", ["two-apps"]);
    const sdk = join("node_modules", "@pulumi", "kubernetes");
    await symlink(join(repository, sdk), join(stack.workspace.program, sdk), "junction");
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  test("lets the container in and out by its labels and port, and is called by its Service", async () => {
    const { outputs } = await stack.workspace.up();
    expect(outputs.url).toBe(`http://web.${stack.namespace}.svc`);
    expect(outputs.report).toMatch(/main +calls +calls auth +exact +exact/);
    const read = (apiVersion: string, kind: string, name: string) =>
      stack.cluster.api.read({ apiVersion, kind, metadata: { name, namespace: stack.namespace } });
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
