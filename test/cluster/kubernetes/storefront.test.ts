/** The program of `examples/storefront`, in a cluster by its stack's configuration alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { buildLargeModules } from "../../../tools/storefront/build.ts";
import { taskSignal } from "../../../tools/task.ts";
import { Unavailable } from "../../../tools/toolchain/tool.ts";
import { AppStack } from "./appStack.ts";
import { canStart } from "./cluster.ts";
import { writeExample } from "./example.ts";

/** Installing tools and building with them, where no clone on this machine has done so. */
const buildLimit = 15 * 60_000;

describe.skipIf(!canStart)("the storefront in a cluster", () => {
  let missing: Unavailable | undefined;
  let stack: AppStack;

  beforeAll(async () => {
    const log = (line: string) => console.error(line);
    missing = await buildLargeModules({ log, signal: taskSignal }).then(() => undefined, unavailable);
    if (missing) return;
    stack = await AppStack.start();
    await writeExample(stack, "storefront");
  }, buildLimit);
  afterAll(() => stack?.[Symbol.asyncDispose]());
  beforeEach((context) => context.skip(missing !== undefined, missing?.message));

  test("is one Deployment of one image, which names the modules in it", async () => {
    const { outputs } = await stack.workspace.up();
    expect(outputs.url).toBe(`http://storefront.${stack.namespace}.svc`);
    const deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "storefront", namespace: stack.namespace },
    };
    const live = await stack.cluster.api.read(deployment);
    const modules = JSON.parse(live?.metadata.annotations?.["pulumi-wasm/modules"] ?? "{}");
    expect(Object.keys(modules)).toEqual(["auth", "front", "images", "validation"]);
    expect(JSON.stringify(live)).toContain(`${stack.registry.host}/acme/storefront@sha256:`);
  });
});

function unavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}
