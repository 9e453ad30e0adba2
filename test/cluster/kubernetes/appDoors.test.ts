/** What leads to a service on a real API server, how many pods it has and what is beside it: all that an App is given when asked. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guest } from "../../engine/workspace.ts";
import { AppStack, operations } from "./appStack.ts";
import { canStart } from "./cluster.ts";
import { canInstall, installGatewayApi } from "./gatewayApi.ts";

describe.skipIf(!canStart)("a service on Kubernetes", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
    if (canInstall) await installGatewayApi(stack.cluster);
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  const everything = `
    hostname: "shop.example.com",
    routes: ["/shop", "/cart"],
    kubernetes: {
      ingress: {
        className: "nginx",
        tlsSecret: "shop-tls",
        annotations: { "example.com/limit": "10" },
        controllerNamespace: "ingress-nginx",
      },
      podDisruptionBudget: { minAvailable: "50%" },
      autoscaling: { minReplicas: 2, maxReplicas: 5, cpu: 70 },
      sidecars: [
        {
          name: "metrics",
          image: "registry.example/metrics:1",
          environment: { LEVEL: "info" },
          environmentFrom: ["metrics"],
          ports: [9090],
          writableFolders: ["/tmp"],
        },
      ],
    },
  `;

  /**
   * An App `shop` with these inputs, and an App `web` behind a Gateway, where the cluster has HTTPRoutes.
   *
   * @param more `dryRun`: this plugin cannot compare HTTPRoutes with what is there, as newer ones do: then `web` has none. `handler`: what
   * containerd calls the runtime
   */
  async function write(app: string, more: { dryRun?: boolean; handler?: string } = {}) {
    const { dryRun = false, handler = "wasmtime-v1" } = more;
    const route = `
      hostname: "web.example.com",
      limits: { time: 30 },
      kubernetes: {
        route: { gateway: "public", gatewayNamespace: "gateways", controllerNamespace: "gateways" },
      },
    `;
    const routed = canInstall && !dryRun ? route : 'kubernetes: { callers: [{ app: "shop" }] },';
    await stack.write(
      `
        const file = new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))});
        const { artifact } = new wasm.Module("echo", { file });
        const { target } = new wasm.EdgeTarget("edge", {
          registry,
          kubernetes: { runtime: "wasmtime", createRuntimeClass: true, handler: "${handler}", namespace },
        });
        const labelled: pulumi.ResourceTransform = ({ type, props, opts }) => {
          if (type !== "kubernetes:apps/v1:Deployment") return undefined;
          const { metadata } = props;
          return { props: { ...props, metadata: { ...metadata, labels: { ...metadata.labels, team: "sales" } } }, opts };
        };
        const options = { providers: [cluster], transforms: [withoutAwait] };
        const shop = new wasm.App("shop", { artifact, target, ${app} }, { ...options, transforms: [withoutAwait, labelled] });
        const web = new wasm.App("web", { artifact, target, ${routed} }, options);
        export const { url, clusterUrl, names } = shop;
        export const webUrl = web.url;
        export const webNames = web.names;
      `,
      { dryRun },
    );
  }

  const labelsOf = async (kind: string) => (await stack.read(kind))?.metadata.labels;

  test("has all that it asks for, at the address of its host", async () => {
    await write(everything);
    const { outputs } = await stack.workspace.up();
    expect(outputs).toMatchObject({
      url: "https://shop.example.com",
      clusterUrl: `http://shop.${stack.namespace}.svc`,
      names: {
        Deployment: "shop",
        Ingress: "shop",
        PodDisruptionBudget: "shop",
        HorizontalPodAutoscaler: "shop",
      },
    });
  });

  test("does not change when nothing changed", async () => {
    expect(operations(await stack.workspace.up())).toEqual([]);
  });

  test("is led to by an Ingress with TLS, whose controller its policy lets in", async () => {
    const backend = { service: { name: "shop", port: { name: "http" } } };
    expect(await stack.read("Ingress")).toMatchObject({
      metadata: { annotations: { "example.com/limit": "10" } },
      spec: {
        ingressClassName: "nginx",
        tls: [{ hosts: ["shop.example.com"], secretName: "shop-tls" }],
        rules: [
          {
            host: "shop.example.com",
            http: {
              paths: [
                { path: "/shop", pathType: "Prefix", backend },
                { path: "/cart", pathType: "Prefix", backend },
              ],
            },
          },
        ],
      },
    });
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } };
    expect(await stack.read("NetworkPolicy")).toMatchObject({
      spec: { ingress: [{ from: [{ namespaceSelector }], ports: [{ port: 8080, protocol: "TCP" }] }] },
    });
  });

  test.skipIf(!canInstall)("is led to by a Gateway, which bounds the time of a request", async () => {
    expect((await stack.workspace.outputs()).webUrl).toBe("https://web.example.com");
    expect(await stack.read("HTTPRoute", "web")).toMatchObject({
      spec: {
        parentRefs: [{ name: "public", namespace: "gateways" }],
        hostnames: ["web.example.com"],
        rules: [{ backendRefs: [{ name: "web", port: 80 }], timeouts: { request: "30000ms" } }],
      },
    });
  });

  test("keeps pods in maintenance, and leaves their number to the autoscaler", async () => {
    expect(await stack.read("PodDisruptionBudget")).toMatchObject({ spec: { minAvailable: "50%" } });
    expect(await stack.read("HorizontalPodAutoscaler")).toMatchObject({
      spec: {
        minReplicas: 2,
        maxReplicas: 5,
        scaleTargetRef: { kind: "Deployment", name: "shop" },
      },
    });
    await write(everything, { dryRun: true });
    await stack.workspace.up();
    await stack.cluster.api.patch(stack.reference("Deployment"), { spec: { replicas: 4 } });
    await stack.workspace.refresh();
    expect(operations(await stack.workspace.up())).toEqual([]);
    expect(await stack.read("Deployment")).toMatchObject({ spec: { replicas: 4 } });
  });

  test("has its containers beside it", async () => {
    expect(await stack.read("Deployment")).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [
              { name: "wasm" },
              {
                name: "metrics",
                image: "registry.example/metrics:1",
                env: [{ name: "LEVEL", value: "info" }],
                envFrom: [{ secretRef: { name: "metrics" } }],
                ports: [{ containerPort: 9090 }],
                volumeMounts: [{ mountPath: "/tmp" }],
                securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
              },
            ],
          },
        },
      },
    });
  });

  test("has a runtime class of its own", async () => {
    const { names, webNames } = (await stack.workspace.outputs()) as Record<string, Record<string, string>>;
    expect(names?.RuntimeClass).toMatch(/^shop-/);
    expect(webNames?.RuntimeClass).toMatch(/^web-/);
    expect(await stack.read("RuntimeClass", names?.RuntimeClass)).toMatchObject({ handler: "wasmtime-v1" });
    expect(await stack.read("Deployment", "web")).toMatchObject({
      spec: { template: { spec: { runtimeClassName: webNames?.RuntimeClass } } },
    });
  });

  test("has another class where nodes call its runtime otherwise, before the former goes", async () => {
    const { RuntimeClass: former } = await stack.names();
    await write(everything, { handler: "wasmtime-v2" });
    await stack.workspace.up();
    const { RuntimeClass } = await stack.names();
    expect(RuntimeClass).not.toBe(former);
    expect(await stack.read("RuntimeClass", RuntimeClass)).toMatchObject({ handler: "wasmtime-v2" });
    expect(await stack.read("RuntimeClass", former)).toBeUndefined();
    expect(await stack.read("Deployment")).toMatchObject({
      spec: { template: { spec: { runtimeClassName: RuntimeClass } } },
    });
  });

  test("has what a transform gave to one of its objects", async () => {
    expect(await labelsOf("Deployment")).toMatchObject({ team: "sales" });
    for (const kind of ["Service", "Ingress", "NetworkPolicy"]) {
      expect(await labelsOf(kind)).not.toHaveProperty("team");
    }
  });

  test("loses what it no longer asks for, and is reached from within", async () => {
    const app = 'replicas: 1, kubernetes: { callers: [{ app: "web" }] },';
    await write(app, { handler: "wasmtime-v2" });
    const outcome = await stack.workspace.up();
    expect(operations(outcome)).toEqual([
      "delete HorizontalPodAutoscaler shop",
      "delete Ingress shop",
      "delete PodDisruptionBudget shop",
      "update Deployment shop",
      "update NetworkPolicy shop",
    ]);
    expect(outcome.outputs.url).toBe(`http://shop.${stack.namespace}.svc`);
    expect(await stack.read("Deployment")).toMatchObject({ spec: { replicas: 1 } });
  });

  test("leaves nothing behind, in the whole cluster either", async () => {
    const { names, webNames } = (await stack.workspace.outputs()) as Record<string, Record<string, string>>;
    await stack.workspace.destroy();
    expect(await stack.read("RuntimeClass", names?.RuntimeClass)).toBeUndefined();
    expect(await stack.read("RuntimeClass", webNames?.RuntimeClass)).toBeUndefined();
    for (const kind of ["Deployment", "Service", "Ingress", "NetworkPolicy"]) {
      expect(await stack.list(kind)).toEqual([]);
    }
  });
});
