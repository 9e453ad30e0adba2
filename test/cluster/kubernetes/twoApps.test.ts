/** The program of `examples/two-apps` in a cluster: one App is scaled, updated and rolled back without the other. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changed, type Outcome } from "../../engine/workspace.ts";
import { AppStack } from "./appStack.ts";
import { canStart } from "./cluster.ts";
import { writeExample } from "./example.ts";

describe.skipIf(!canStart)("two Apps in a cluster", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
    await writeExample(stack, "two-apps");
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const read = (apiVersion: string, kind: string, name: string) =>
    stack.cluster.api.read({ apiVersion, kind, metadata: { name, namespace: stack.namespace } });
  const deployment = async (name: string) => {
    const found = (await read("apps/v1", "Deployment", name)) as unknown as Deployment;
    return {
      generation: found.metadata.generation,
      replicas: found.spec.replicas,
      image: found.spec.template.spec.containers[0]?.image,
    };
  };
  /** Without what all have; a list of nothing the server leaves out. */
  const policy = async (name: string) => {
    const found = await read("networking.k8s.io/v1", "NetworkPolicy", name);
    const spec = found?.spec as Record<string, unknown> | undefined;
    const { podSelector: _pods, policyTypes: _types, ...rules } = spec ?? {};
    return rules;
  };
  const pods = (app: string) => ({
    podSelector: {
      matchLabels: { "app.kubernetes.io/name": app, "app.kubernetes.io/managed-by": "pulumi-wasm" },
    },
  });
  const dns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  const deployments = (outcome: Outcome) =>
    changed(outcome)
      .filter(({ type }) => type.endsWith(":Deployment"))
      .map(({ op, name }) => `${op} ${name}`);

  test("each name the other in their policies, and call by the Service's name", async () => {
    const { outputs } = await stack.workspace.up();
    expect(outputs.authUrl).toBe(`http://auth.${stack.namespace}.svc`);
    const port = { protocol: "TCP", port: 8080 };
    expect(await policy("auth")).toEqual({ ingress: [{ from: [pods("web")], ports: [port] }] });
    expect(await policy("web")).toMatchObject({
      egress: [{ to: [pods("auth")], ports: [port] }, { to: [dns] }],
    });
    expect(await deployment("auth")).toMatchObject({ generation: 1, replicas: 2 });
  });

  test("are scaled one by one", async () => {
    await (await stack.workspace.stack()).setConfig("authReplicas", { value: "3" });
    expect(deployments(await stack.workspace.up())).toEqual(["update auth"]);
    expect(await deployment("auth")).toMatchObject({ generation: 2, replicas: 3 });
    expect(await deployment("web")).toMatchObject({ generation: 1 });
  });

  test("are updated and rolled back one by one", async () => {
    const path = join(stack.workspace.program, "modules/auth.wasm");
    const [former, bytes] = [await deployment("auth"), await readFile(path)];
    // A custom section: other bytes of the same behaviour.
    await writeFile(path, Buffer.concat([bytes, Buffer.from([0, 5, 4, ...Buffer.from("next")])]));
    expect(deployments(await stack.workspace.up())).toEqual(["update auth"]);
    const { image } = await deployment("auth");
    expect(image).not.toBe(former.image);
    await writeFile(path, bytes);
    expect(deployments(await stack.workspace.up())).toEqual(["update auth"]);
    expect(await deployment("auth")).toEqual({ ...former, generation: 4 });
    expect(await deployment("web")).toMatchObject({ generation: 1 });
  });
});

interface Deployment {
  metadata: { generation: number };
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
}
