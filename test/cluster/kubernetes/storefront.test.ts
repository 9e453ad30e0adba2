/** The program of `examples/storefront`, in a cluster by its stack's configuration alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildLargeModules } from "../../../tools/storefront/build.ts";
import { taskSignal } from "../../../tools/task.ts";
import { Unavailable } from "../../../tools/toolchain/tool.ts";
import type { Workspace } from "../../engine/workspace.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { exampleWorkspace } from "./example.ts";
import { sharedCluster } from "./shared.ts";

/** Installing tools and building with them, where no clone on this machine has done so. */
const buildLimit = 15 * 60_000;

describe.skipIf(!canStart)("the storefront in a cluster", () => {
  let missing: Unavailable | undefined;
  let cluster: Cluster & AsyncDisposable;
  let registry: Registry;
  let namespace: string;
  let workspace: Workspace;

  beforeAll(async () => {
    const log = (line: string) => console.error(line);
    missing = await buildLargeModules({ log, signal: taskSignal }).then(() => undefined, unavailable);
    if (missing) return;
    cluster = await sharedCluster();
    registry = await startRegistry();
    namespace = await cluster.namespace();
    workspace = await exampleWorkspace("storefront", { cluster, registry, namespace });
  }, buildLimit);
  afterAll(async () => {
    await workspace?.remove();
    await registry?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });
  beforeEach((context) => context.skip(missing !== undefined, missing?.message));

  test("is one Deployment of one image, which names the modules in it", async () => {
    const { outputs } = await workspace.up();
    expect(outputs.url).toBe(`http://storefront.${namespace}.svc`);
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "storefront", namespace },
    };
    const live = await cluster.api.read(deployment);
    const modules = JSON.parse(live?.metadata.annotations?.["pulumi-wasm/modules"] ?? "{}");
    expect(Object.keys(modules)).toEqual(["auth", "front", "images", "validation"]);
    expect(JSON.stringify(live)).toContain(`${registry.host}/acme/storefront@sha256:`);
  });
});

function unavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}
