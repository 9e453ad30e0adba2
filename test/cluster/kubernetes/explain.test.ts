/** What a cluster refuses in `up` is explained beside the words of the Kubernetes provider. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EngineFailure, guest } from "../../engine/workspace.ts";
import { AppStack } from "./appStack.ts";
import { canStart } from "./cluster.ts";

describe.skipIf(!canStart)("up", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  /** The messages of an update that fails. */
  async function refused(kubeconfig: string): Promise<string> {
    await stack.write(
      `
        const echo = new wasm.Module("echo", { file: new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))}) });
        const edge = new wasm.EdgeTarget("edge", {
          registry,
          kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace },
        });
        new wasm.App("shop", { artifact: echo.artifact, target: edge.target, kubernetes: { callers: [{ app: "web" }] } },
          { providers: [cluster], transforms: [withoutAwait] });
      `,
      { kubeconfig },
    );
    const failure = await stack.workspace.up().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(failure instanceof EngineFailure)) throw failure ?? new Error("Nothing was refused.");
    return failure.outcome.messages.join("\n");
  }

  test("says what to do about rights that are missing", async () => {
    const { kubeconfig } = await stack.cluster.user([{ namespace: stack.namespace, rules: [] }]);
    const messages = await refused(kubeconfig);
    expect(messages).toMatch(/serviceaccounts is forbidden: User/);
    expect(messages).toMatch(/The user \S+ has not the rights that a deployment takes/);
  });
});
