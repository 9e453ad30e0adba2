/** The cluster that the other tests stand on. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive } from "../../engine/processes.ts";
import type { Cluster } from "./access.ts";
import { canStart, startCluster } from "./cluster.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("a cluster", () => {
  let cluster: Cluster & AsyncDisposable;
  let namespace: string;
  beforeAll(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.namespace();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const configMap = (name: string, data: Record<string, string> = {}) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
    data,
  });
  const networkPolicy = (name: string, spec: Record<string, unknown> = {}) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec: { podSelector: {}, ...spec },
  });

  test("keeps objects, and lets them be changed and removed", async () => {
    const { api } = cluster;
    const object = configMap("kept", { a: "1" });
    await api.create(object);
    await api.patch(object, { data: { b: "2" } });
    expect(await api.read(object)).toMatchObject({ data: { a: "1", b: "2" } });
    const names = async () =>
      (await api.list("v1", "ConfigMap", namespace)).map(({ metadata }) => metadata.name);
    expect(await names()).toContain("kept");
    await api.remove(object);
    expect(await api.read(object)).toBeUndefined();
    expect(await names()).not.toContain("kept");
  });

  test("counts the generations of an object's specification", async () => {
    const policy = networkPolicy("counted");
    expect((await cluster.api.create(policy)).metadata.generation).toBe(1);
    const relabelled = await cluster.api.patch(policy, { metadata: { labels: { a: "b" } } });
    expect(relabelled.metadata.generation).toBe(1);
    const changed = await cluster.api.patch(policy, { spec: { policyTypes: ["Egress"] } });
    expect(changed.metadata.generation).toBe(2);
  });

  test("takes what is right in a dry run, and keeps nothing of it", async () => {
    const object = configMap("dry");
    expect(await cluster.api.dryRun([object, networkPolicy("dry")])).toEqual([]);
    expect(await cluster.api.read(object)).toBeUndefined();
  });

  test("finds in a dry run what is unknown, what is invalid and what is deprecated", async () => {
    const objects = [
      networkPolicy("unknown", { polcyTypes: ["Egress"] }),
      networkPolicy("invalid", { policyTypes: ["Sideways"] }),
      { apiVersion: "v1", kind: "Endpoints", metadata: { name: "old", namespace } },
      configMap("right"),
    ];
    expect(await cluster.api.dryRun(objects)).toEqual([
      { object: "NetworkPolicy unknown", message: expect.stringContaining(".spec.polcyTypes") },
      { object: "NetworkPolicy invalid", message: expect.stringContaining('"Sideways"') },
      { object: "Endpoints old", message: expect.stringContaining("deprecated") },
    ]);
  });

  test("lets a user do what the rules say, and nothing else", async () => {
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["create", "get"] }];
    const { api } = await cluster.user([{ namespace, rules }]);
    await api.create(configMap("of-the-user"));
    expect(await api.read(configMap("of-the-user"))).toBeDefined();
    await expect(api.remove(configMap("of-the-user"))).rejects.toMatchObject({ status: 403 });
    await expect(api.create(networkPolicy("of-the-user"))).rejects.toThrow(/cannot create.*networkpolicies/);
    const elsewhere = { ...configMap("a"), metadata: { name: "a", namespace: await cluster.namespace() } };
    await expect(api.create(elsewhere)).rejects.toMatchObject({ status: 403 });
  });

  test("lets a user do in the whole cluster what rules without a namespace say", async () => {
    const rules = [{ apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"], verbs: ["get"] }];
    const { api } = await cluster.user([{ rules }]);
    const missing = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "missing" } };
    expect(await api.read(missing)).toBeUndefined();
    await expect(api.remove(missing)).rejects.toMatchObject({ status: 403 });
  });
});

describe.skipIf(!canStart)("a cluster of one's own", () => {
  test("is gone when it was stopped", async () => {
    const cluster = await startCluster();
    expect(await Promise.all(cluster.processes.map(isAlive))).toEqual([true, true]);
    await cluster.stop();
    expect(await Promise.all(cluster.processes.map(isAlive))).toEqual([false, false]);
    expect(await cluster.api.isReady()).toBe(false);
  });
});
