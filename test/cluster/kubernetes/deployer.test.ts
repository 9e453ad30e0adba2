/** The rights of who deploys, as the page on the target has them: enough on a real API server with RBAC, and none too many. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { type EngineFailure, guest, repository } from "../../engine/workspace.ts";
import type { Permission, PolicyRule, User } from "./access.ts";
import { AppStack } from "./appStack.ts";
import { type Asked, allows, askedBy, methodOf } from "./audit.ts";
import { canStart, type RunningCluster, startCluster } from "./cluster.ts";
import { canInstall, installGatewayApi } from "./gatewayApi.ts";

const roleSchema = z.object({
  kind: z.enum(["Role", "ClusterRole"]),
  metadata: z.object({ name: z.string() }),
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      verbs: z.array(z.string()),
    }),
  ),
});

/** The roles of the page, by name. */
const roles = new Map<string, PolicyRule[]>(
  readFileSync(join(repository, "docs/targets/kubernetes.md"), "utf8")
    .split("```yaml\n")
    .slice(1)
    .flatMap((part) => roleSchema.safeParse(parse(part.slice(0, part.indexOf("```")).trimEnd())).data ?? [])
    .map(({ metadata, rules }) => [metadata.name, rules]),
);
const within = roles.get("wasm-deployer") ?? [];
const toVerify = roles.get("wasm-deployer-verify") ?? [];
const toCreate = roles.get("wasm-deployer-runtime-classes") ?? [];

const classOfCluster = 'runtimeClassName: "wasmtime-v1"';

/** A service with nothing more than it must have. */
const service = (runtimeClass: string, options = "transforms: [withoutAwait]") => `
  const { artifact } = new wasm.Module("echo", { file: new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))}) });
  const { target } = new wasm.EdgeTarget("edge", {
    registry,
    kubernetes: { runtime: "wasmtime", namespace, ${runtimeClass} },
  });
  const shop = { artifact, target, kubernetes: { callers: [{ app: "web" }] } };
  new wasm.App("shop", shop, { providers: [cluster], ${options} });
`;

describe.skipIf(!canStart)("who deploys", () => {
  let stack: AppStack;
  let running: RunningCluster;
  let deployer: User;
  beforeAll(async () => {
    const cluster = await startCluster({ audit: true });
    running = cluster;
    stack = await AppStack.start(cluster);
    if (canInstall) await installGatewayApi(cluster);
    await cluster.api.create({
      apiVersion: "node.k8s.io/v1",
      kind: "RuntimeClass",
      metadata: { name: "wasmtime-v1" },
      handler: "wasmtime-v1",
    });
    deployer = await cluster.user([namespaced(within), { rules: toVerify }]);
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const namespaced = (rules: PolicyRule[]): Permission => ({ namespace: stack.namespace, rules });
  const asked = (user = deployer) => askedBy(user.name, running.auditLog ?? "");
  const refused = async (user?: User) => (await asked(user)).filter(({ status }) => status === 403);
  const failing = (run: Promise<unknown>) =>
    run.then(
      () => Promise.reject(new Error("It was done.")),
      (error: EngineFailure) => error.message,
    );

  /** An App of each kind, with all that is made when asked. */
  async function writeEverything({ key, schedule }: { key: string; schedule: string }) {
    const route = 'route: { gateway: "public", controllerNamespace: "gateways" },';
    await stack.write(
      `
        const moduleOf = (name: string, path: string) => new wasm.Module(name, { file: new pulumi.asset.FileAsset(path) });
        const echo = moduleOf("echo", ${JSON.stringify(guest("echo"))});
        const command = moduleOf("command", ${JSON.stringify(guest("command"))});
        const { grant } = new wasm.CapabilityGrant("grant", { environment: ["GREETING", "KEY"] });
        const { target } = new wasm.EdgeTarget("edge", {
          registry,
          kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace, verify: true },
        });
        const options = { providers: [cluster], transforms: [withoutAwait] };
        new wasm.App("shop", {
          artifact: echo.artifact,
          target,
          grants: [grant],
          bindings: { main: { environment: { GREETING: "hello", KEY: pulumi.secret("${key}") } } },
          hostname: "shop.example.com",
          kubernetes: {
            ingress: { controllerNamespace: "ingress" },
            ${canInstall ? route : ""}
            podDisruptionBudget: { minAvailable: 1 },
            autoscaling: { minReplicas: 1, maxReplicas: 2, cpu: 70 },
          },
        }, options);
        const denied = ["wasi:filesystem/preopens", "wasi:filesystem/types"];
        const job = { artifact: command.artifact, target, denied };
        new wasm.App("once", { ...job, run: "job", kubernetes: { arguments: ["${key}"] } }, options);
        new wasm.App("often", { ...job, run: { schedule: "${schedule}" } }, options);
      `,
      { kubeconfig: deployer.kubeconfig },
    );
  }

  test("may make, read, change and remove all that Apps become", async () => {
    await writeEverything({ key: "one", schedule: "@daily" });
    await stack.workspace.up();
    await stack.workspace.refresh();
    await writeEverything({ key: "two", schedule: "@hourly" });
    await stack.workspace.up();
    await stack.workspace.destroy();
    expect(await refused()).toEqual([]);
  });

  /** Nothing becomes ready here, so that the time runs out: what it was refused would be said before. */
  test("may see what the Kubernetes provider waits for", async () => {
    // This old plugin would wait for the token of an account, which servers do not make by themselves any more.
    const transform = '(args) => (args.type.endsWith(":ServiceAccount") ? withoutAwait(args) : undefined)';
    const options = `customTimeouts: { create: "3s" }, transforms: [${transform}]`;
    const program = service(classOfCluster, options);
    await stack.write(program, { kubeconfig: deployer.kubeconfig });
    expect(await failing(stack.workspace.up())).toMatch(/[Tt]imed out/);
    await stack.workspace.destroy();
    expect(await refused()).toEqual([]);
  });

  test.each(within.map((rule) => [`${rule.verbs.at(-1)} ${rule.resources.join(", ")}`, rule] as const))(
    "is refused without the right to %s",
    async (_, rule) => {
      const others = within.filter((other) => other !== rule);
      const needing = (await asked()).filter(
        (request) => allows(rule, request) && !others.some((other) => allows(other, request)),
      );
      expect(unused(rule, needing)).toEqual([]);
      const { api } = await stack.cluster.user([namespaced(others), { rules: toVerify }]);
      const [request] = needing;
      if (!request) throw new Error("No run needed it.");
      const words = `cannot ${request.verb} resource "${request.resource}" in API group "${request.group}"`;
      await expect(api.ask(methodOf(request), request.path)).rejects.toThrow(words);
    },
  );

  /** Resources of a rule that no run asked for, without those that only other versions of the Kubernetes provider read. */
  function unused({ resources }: PolicyRule, requests: readonly Asked[]): string[] {
    const others = ["events", ...(canInstall ? [] : ["httproutes"])];
    return resources.filter(
      (resource) => !others.includes(resource) && !requests.some((request) => request.resource === resource),
    );
  }

  test("is told in preview what it may not verify", async () => {
    const { kubeconfig } = await stack.cluster.user([namespaced(within)]);
    await stack.write(service(`${classOfCluster}, verify: true`), { kubeconfig });
    expect(await failing(stack.workspace.preview())).toContain('cannot get resource "runtimeclasses"');
  });

  test("may have runtime classes made by its rights in the whole cluster, and not without", async () => {
    const created = service('createRuntimeClass: true, handler: "wasmtime-v1"');
    const without = await stack.cluster.user([namespaced(within)]);
    await stack.write(created, { kubeconfig: without.kubeconfig });
    expect(await failing(stack.workspace.up())).toContain('cannot create resource "runtimeclasses"');
    await stack.workspace.destroy();
    const user = await stack.cluster.user([namespaced(within), { rules: toCreate }]);
    await stack.write(created, { kubeconfig: user.kubeconfig });
    await stack.workspace.up();
    await stack.workspace.refresh();
    await stack.workspace.destroy();
    expect(await refused(user)).toEqual([]);
  });
});
