/** Apps as they come out of the construct side, with plain text where that has outputs. */
import { parse, stringify } from "yaml";
import { grantOf } from "../../provider/capabilities/grant.ts";
import { grantFields } from "../../provider/capabilities/grantFields.ts";
import type { Rules } from "../../provider/capabilities/rules.ts";
import type { KubernetesApp, RenderedChild } from "../../provider/targets/kubernetes/app.ts";
import {
  gatewayDuration,
  literalArgument,
  mebibytes,
  resourcesOf,
} from "../../provider/targets/kubernetes/quantities.ts";
import { render } from "../../provider/targets/kubernetes/render/index.ts";
import { egressRules } from "../../provider/targets/kubernetes/render/networkPolicy.ts";
import { resolve } from "../../provider/targets/kubernetes/render/references.ts";
import { base64 } from "../../provider/targets/kubernetes/render/values.ts";
import { volumeMounts } from "../../provider/targets/kubernetes/render/volumes.ts";

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

export function rulesOf(grant: object): Rules {
  return grantOf("g", grantFields.parse(grant)).rules;
}

export function appOf(grant: object, more: Partial<KubernetesApp> = {}): KubernetesApp {
  const rules = rulesOf(grant);
  return {
    name: "shop",
    namespace: "storefront",
    runtime: "wasmtime",
    runtimeClass: { name: "wasmtime-v1" },
    image: `registry.example/acme/shop@${digest("1")}`,
    artifact: digest("a"),
    modules: JSON.stringify({ api: digest("b") }),
    run: { kind: "service" },
    resources: resourcesOf(),
    environment: {},
    volumes: {},
    volumeMounts: volumeMounts(rules),
    egress: egressRules(rules),
    block: {},
    ...more,
  };
}

/** An App that uses what its runtime has, for each one. */
export const samples: Record<string, KubernetesApp> = {
  "wasmtime-service": appOf(
    {
      http: ["https://api.stripe.com", "https://192.0.2.7:8443"],
      environment: ["STRIPE_KEY", "GREETING"],
      calls: ["auth"],
    },
    {
      environment: { plain: { GREETING: "hello" }, secret: { STRIPE_KEY: base64("a secret") } },
      hostname: "shop.example.com",
      routes: ["/shop"],
      imagePullSecrets: [{ name: "registry" }],
      nodeSelector: { wasmtime: "true" },
      tolerations: [{ key: "wasm", operator: "Exists", effect: "NoSchedule" }],
      partOf: "storefront",
      block: {
        callers: [
          { app: "web" },
          { podLabels: { app: "legacy" }, namespace: "old" },
          { namespace: "batch" },
          { cidr: "192.0.2.0/24" },
        ],
        podDisruptionBudget: { minAvailable: 1 },
        autoscaling: { minReplicas: 2, maxReplicas: 10, cpu: 70 },
        ingress: { className: "nginx", tlsSecret: "shop-tls", controllerNamespace: "ingress-nginx" },
        probes: { readiness: { path: "/ready", timeout: 2 } },
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
    },
  ),
  "wasmtime-schedule": appOf(
    {
      sockets: [{ host: "10.1.0.0/16", protocol: "tcp", ports: ["5432", "6000-6010"] }],
      filesystem: [
        { path: "/data", access: "write", volume: "orders" },
        { path: "/catalog", access: "read", volume: "catalog" },
      ],
    },
    {
      run: { kind: "schedule", schedule: "0 3 * * 1-5" },
      arguments: ["--price", literalArgument("$(SECRET) costs 5 $")],
      deadline: 600,
      resources: resourcesOf({}, mebibytes(32)),
      volumes: { orders: { claim: "orders" }, catalog: { configMap: "catalog" } },
    },
  ),
  spin: appOf(
    {},
    {
      runtime: "spin",
      runtimeClass: { name: "wasmtime-spin-v2" },
      replicas: 3,
      hostname: "shop.example.com",
      routeTimeout: gatewayDuration(30),
      block: { route: { gateway: "public", gatewayNamespace: "gateways", controllerNamespace: "gateways" } },
    },
  ),
  ...Object.fromEntries(
    (["wasmer", "wasmedge", "wamr"] as const).map((runtime) => [
      runtime,
      appOf(
        {
          environment: ["LEVEL"],
          filesystem: [{ path: "/data", access: "read", volume: "catalog" }],
        },
        {
          runtime,
          runtimeClass: { handler: runtime },
          run: { kind: "job" },
          environment: { plain: { LEVEL: "info" } },
          volumes: { catalog: { empty: { sizeLimit: "10Mi" } } },
          block: { retries: 2 },
        },
      ),
    ]),
  ),
};

/** As the API server gets it, with names where the construct side has outputs. */
export function manifests(app: KubernetesApp): RenderedChild["inputs"][] {
  return render(app).map(({ inputs }) =>
    resolve(inputs, (token) => `name-of-${token.split(":").at(-1)?.toLowerCase()}`),
  );
}

export function yamlOf(app: KubernetesApp): string {
  return manifests(app)
    .map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join("---\n");
}

/** Any part of an object of a kind, as plain data to look into. */
// biome-ignore lint/suspicious/noExplicitAny: what is looked into differs from test to test
export function objectOf(app: KubernetesApp, kind: string): any {
  const object = manifests(app).find((each) => each.kind === kind);
  if (!object) throw new Error(`${kind} was not rendered.`);
  return parse(stringify(object, { aliasDuplicateObjects: false }));
}

// biome-ignore lint/suspicious/noExplicitAny: as above
export function podOf(app: KubernetesApp): any {
  const kind = { service: "Deployment", job: "Job", schedule: "CronJob" }[app.run.kind];
  const { spec } = objectOf(app, kind);
  return (spec.jobTemplate?.spec ?? spec).template.spec;
}
