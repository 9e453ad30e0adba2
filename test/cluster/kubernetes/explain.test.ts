/** What a cluster refuses in `up` is explained beside the words of the Kubernetes provider. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EngineFailure, guest, repository } from "../../engine/workspace.ts";
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

  async function refusedWithoutRights(): Promise<string> {
    const { kubeconfig } = await stack.cluster.user([{ namespace: stack.namespace, rules: [] }]);
    return refused(kubeconfig);
  }
  const advice = /The user \S+ has not the rights that a deployment takes/;

  test("says what to do about rights that are missing", async () => {
    const messages = await refusedWithoutRights();
    expect(messages).toMatch(/serviceaccounts is forbidden: User/);
    expect(messages).toMatch(advice);
  });

  test("says so in each run of a plugin that serves several", async () => {
    const plugin = spawn(process.execPath, [join(repository, "dist", "main.js")], {
      env: { ...process.env, ...stack.workspace.environment },
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void plugin.kill());
    const [port] = await once(plugin.stdout, "data");
    const { envVars } = (await stack.workspace.stack()).workspace;
    envVars.PULUMI_DEBUG_PROVIDERS = `wasm:${String(port).trim()}`;
    onTestFinished(() => void delete envVars.PULUMI_DEBUG_PROVIDERS);
    expect(await refusedWithoutRights()).toMatch(advice);
    expect(await refusedWithoutRights()).toMatch(advice);
  });
});
