/** What is rendered, before a real API server: its schemas strictly, its validation and its admission. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { manifests, samples } from "../../unit/kubernetesApps.ts";
import type { Cluster } from "./access.ts";
import { objectSchema } from "./apiClient.ts";
import { canStart } from "./cluster.ts";
import { canInstall, installGatewayApi } from "./gatewayApi.ts";
import { sharedCluster } from "./shared.ts";

describe.skipIf(!canStart)("what an App becomes", () => {
  let cluster: Cluster & AsyncDisposable;
  beforeAll(async () => {
    cluster = await sharedCluster();
    if (canInstall) await installGatewayApi(cluster);
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test.each(Object.keys(samples))("is taken by the server: %s", async (name) => {
    const objects = await objectsOf(name);
    expect(objects.length).toBeGreaterThan(2);
    expect(await cluster.api.dryRun(objects)).toEqual([]);
  });

  /** The engine names those that have no name. */
  async function objectsOf(sample: string) {
    const namespace = await cluster.namespace();
    return manifests({ ...samples[sample]!, namespace })
      .map((object, index) => {
        const { metadata, ...rest } = object;
        return objectSchema.parse({ ...rest, metadata: { name: `auto-${index}`, ...metadata } });
      })
      .filter(({ kind }) => canInstall || kind !== "HTTPRoute");
  }
});
