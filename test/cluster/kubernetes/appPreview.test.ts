/** What preview says of Apps on Kubernetes: of bad input with the place and what to do, and of what is not known yet. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type EngineFailure, guest } from "../../engine/workspace.ts";
import type { Cluster } from "./access.ts";
import { AppStack, operations } from "./appStack.ts";
import { canStart, type RunningCluster, startCluster } from "./cluster.ts";

const file = `{ file: new pulumi.asset.FileAsset(${JSON.stringify(guest("echo"))}) }`;
const callers = 'kubernetes: { callers: [{ app: "web" }] },';

describe.skipIf(!canStart)("preview", () => {
  let stack: AppStack;
  beforeAll(async () => {
    stack = await AppStack.start();
  });
  afterAll(() => stack?.[Symbol.asyncDispose]());

  /** @param target inputs of the EdgeTarget; `space` is a Namespace that does not exist yet */
  async function write(target: string, app: string, name = "shop") {
    await stack.write(`
      const space = new KubernetesObject("v1", "Namespace", "space", {}, { provider: cluster });
      const { artifact } = new wasm.Module("echo", ${file});
      const edge = new wasm.EdgeTarget("edge", { ${target} });
      const app = new wasm.App("${name}", { artifact, target: edge.target, ${app} }, { providers: [cluster] });
      export const { url, image, names } = app;
    `);
  }
  const known = 'registry, kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace }';

  async function problems(): Promise<string> {
    return stack.workspace.preview().then(
      () => Promise.reject(new Error("It was planned.")),
      (error: EngineFailure) => error.message,
    );
  }

  test("says all that is wrong with an App at once, each at its place and with what to do", async () => {
    await write(
      known,
      `
        replicas: 2,
        kubernetes: {
          callers: [{ app: "web" }],
          autoscaling: { minReplicas: 1, maxReplicas: 2, cpu: 70 },
          sidecars: [
            {
              name: "metrics",
              image: "registry.example/metrics:1",
              ports: [8080],
              environment: { TOKEN: pulumi.secret("the-token-of-metrics") },
              arguments: ["--token", pulumi.secret("the-token-of-metrics")],
            },
          ],
        },
      `,
      "1shop",
    );
    const lines = (await problems()).split("\n");
    for (const [path, problem] of [
      [
        "",
        'the name "1shop" becomes the name of a Service, which takes lower-case letters, digits and hyphens, with a letter first and no hyphen last: rename the App, for example shop',
      ],
      ["replicas", "is the autoscaler's to say: leave it out, or leave out kubernetes.autoscaling"],
      ["kubernetes.sidecars[0].ports[0]", "is taken: the App itself has port 8080"],
      [
        "kubernetes.sidecars[0].environment.TOKEN",
        "is secret, and stands in the pod for all to read: put it into a Secret, and name that one in environmentFrom",
      ],
      [
        "kubernetes.sidecars[0].arguments[1]",
        "is secret, and stands in the pod for all to read: put it into a Secret, and name that one in environmentFrom",
      ],
    ] as const) {
      const said = lines.filter((line) => line.endsWith(`has a problem: ${problem}`));
      expect(said.join("\n")).toContain(`property ${path}`);
    }
    expect(lines.join("\n")).not.toContain("the-token-of-metrics");
  });

  test("says all that is wrong with a name at once, for the registry and for the cluster", async () => {
    await write(known, callers, "myShop");
    expect(await problems()).toMatch(/is its repository there[\s\S]*rename the App, for example my-shop/);
  });

  test("says that a name is too long", async () => {
    const name = "a".repeat(64);
    await write(known, callers, name);
    expect(await problems()).toContain(
      `the name "${name}" has 64 characters, and it becomes the name of a Service, which takes 63 here: shorten it`,
    );
  });

  test("says that arguments are no place for secrets", async () => {
    await write(
      known,
      'run: "job", kubernetes: { arguments: ["--token", pulumi.secret("the-token-of-the-job")] },',
    );
    const said = await problems();
    expect(said).toContain(
      "property kubernetes.arguments[1] (secret) has a problem: is secret, and stands in the pod for all to read: bind it as a value of the environment",
    );
    expect(said).not.toContain("the-token-of-the-job");
  });

  const objects = [
    "create Admission shop",
    "create App shop",
    "create Deployment shop",
    "create EdgeTarget edge",
    "create Image shop",
    "create Module echo",
    "create Namespace space",
    "create NetworkPolicy shop",
    "create Service shop",
    "create ServiceAccount shop",
  ];

  test("shows the objects of an App whose namespace and registry are not known yet", async () => {
    await write(
      `
        registry: { push: pulumi.interpolate\`localhost:5000/\${space.id}\` },
        kubernetes: { runtime: "wasmtime", runtimeClassName: "wasmtime-v1", namespace: space.id },
      `,
      callers,
    );
    const planned = await stack.workspace.preview();
    expect(operations(planned)).toEqual(objects);
    expect(planned.outputs.names).toMatchObject({ Deployment: "shop", Service: "shop" });
  });

  test("shows the objects of an App whose class, addresses and limits are not known yet", async () => {
    await write(
      `registry, kubernetes: { runtime: "wasmtime", runtimeClassName: space.id, namespace }`,
      `
        replicas: space.id.apply((uid) => uid.length),
        limits: { memory: space.id.apply((uid) => uid.length) },
        hostname: pulumi.interpolate\`\${space.id}.example.com\`,
        kubernetes: { ingress: { controllerNamespace: space.id } },
      `,
    );
    expect(operations(await stack.workspace.preview())).toEqual(
      [...objects, "create Ingress shop"].toSorted(),
    );
  });

  test("shows the objects of an App whose grants and values are not known yet", async () => {
    await write(
      known,
      `
        grants: [
          new wasm.CapabilityGrant("grant", { environment: ["GREETING", "KEY"], calls: [space.id] }).grant,
        ],
        bindings: { main: { environment: { GREETING: space.id, KEY: pulumi.secret(space.id) } } },
        kubernetes: { callers: [{ app: space.id }], calls: pulumi.output({ [namespace]: { podPort: 1 } }) },
      `,
    );
    expect(operations(await stack.workspace.preview())).toEqual(
      [...objects, "create CapabilityGrant grant", "create ConfigMap shop", "create Secret shop"].toSorted(),
    );
  });

  test("shows an App without its objects while its runtime is not known", async () => {
    await write(
      `
        registry,
        kubernetes: {
          runtime: space.id.apply(() => "wasmtime" as const),
          runtimeClassName: "wasmtime-v1",
          namespace,
        },
      `,
      callers,
    );
    const planned = operations(await stack.workspace.preview());
    expect(planned).toContain("create Admission shop");
    expect(planned).not.toContain("create Deployment shop");
  });
});

describe.skipIf(!canStart)("a program with Apps in two clusters", () => {
  let stack: AppStack;
  let other: Cluster & RunningCluster;
  beforeAll(async () => {
    stack = await AppStack.start();
    other = await startCluster();
    await other.api.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: stack.namespace } });
  });
  afterAll(async () => {
    await stack?.[Symbol.asyncDispose]();
    await other?.stop();
  });

  test("puts each App's objects into the cluster of its provider, and into its namespace where the target names none", async () => {
    await stack.write(`
      const there = new Cluster("there", { namespace, kubeconfig: pulumi.secret(${JSON.stringify(other.kubeconfig)}) });
      const { artifact } = new wasm.Module("echo", ${file});
      const runtime = "wasmtime" as const;
      const here = new wasm.EdgeTarget("here", { registry, kubernetes: { runtime, runtimeClassName: "first", namespace } });
      const away = new wasm.EdgeTarget("away", { registry, kubernetes: { runtime, runtimeClassName: "second" } });
      const shared = { artifact, ${callers} };
      new wasm.App("shop", { ...shared, target: here.target }, { providers: [cluster], transforms: [withoutAwait] });
      const web = new wasm.App("web", { ...shared, target: away.target }, { providers: [there], transforms: [withoutAwait] });
      export const { url } = web;
    `);
    const { outputs } = await stack.workspace.up();
    const classes = async (cluster: typeof stack.cluster) =>
      (await cluster.api.list("apps/v1", "Deployment", stack.namespace)).map((deployment) => [
        deployment.metadata.name,
        (deployment as unknown as { spec: { template: { spec: { runtimeClassName: string } } } }).spec
          .template.spec.runtimeClassName,
      ]);
    expect(await classes(stack.cluster)).toEqual([["shop", "first"]]);
    expect(await classes(other)).toEqual([["web", "second"]]);
    expect(outputs.url).toBe(`http://web.${stack.namespace}.svc`);
  });
});
