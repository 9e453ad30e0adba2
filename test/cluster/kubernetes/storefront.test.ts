/** The program of `examples/storefront` as it is, in a cluster by its stack's configuration alone. */
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildLargeModules } from "../../../tools/storefront/build.ts";
import { taskSignal } from "../../../tools/task.ts";
import { Unavailable } from "../../../tools/toolchain/tool.ts";
import { repository, type Workspace } from "../../engine/workspace.ts";
import { type Registry, startRegistry } from "../registry.ts";
import type { Cluster } from "./access.ts";
import { canStart } from "./cluster.ts";
import { kubernetesWorkspace, withoutAwait } from "./program.ts";
import { sharedCluster } from "./shared.ts";

const example = join(repository, "examples/storefront");
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
    workspace = await kubernetesWorkspace();
    await cp(join(example, "index.ts"), join(workspace.program, "storefront.ts"));
    await cp(join(example, "modules"), join(workspace.program, "modules"), { recursive: true });
    const wrapper = `import * as pulumi from "@pulumi/pulumi";\n${withoutAwait}\npulumi.runtime.registerResourceTransform(withoutAwait);\nexport = require("./storefront");\n`;
    await writeFile(join(workspace.program, "index.ts"), wrapper);
    const stack = await workspace.stack();
    const target = {
      registry: { push: `${registry.host}/acme`, insecure: true },
      kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace },
    };
    await stack.setConfig("target", { value: JSON.stringify(target) });
    await stack.setConfig("kubernetes:kubeconfig", { value: cluster.kubeconfig, secret: true });
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
