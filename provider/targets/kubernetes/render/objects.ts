/** What all objects of an App have in common. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { KubernetesApp, KubernetesObject, RenderedChild } from "../app.ts";
import { selectorLabels } from "../names.ts";

/** Types of the children, with `apiVersion` and `kind`. The core group has no name in `apiVersion`. */
export const tokens = {
  deployment: "kubernetes:apps/v1:Deployment",
  job: "kubernetes:batch/v1:Job",
  cronJob: "kubernetes:batch/v1:CronJob",
  service: "kubernetes:core/v1:Service",
  serviceAccount: "kubernetes:core/v1:ServiceAccount",
  secret: "kubernetes:core/v1:Secret",
  configMap: "kubernetes:core/v1:ConfigMap",
  networkPolicy: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
  podDisruptionBudget: "kubernetes:policy/v1:PodDisruptionBudget",
  autoscaler: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
  ingress: "kubernetes:networking.k8s.io/v1:Ingress",
  httpRoute: "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
  runtimeClass: "kubernetes:node.k8s.io/v1:RuntimeClass",
  namespace: "kubernetes:core/v1:Namespace",
} as const;

type Token = (typeof tokens)[keyof typeof tokens];

interface Details {
  /** Absent: the Kubernetes provider makes one up that begins with the App's. */
  name?: string;
  annotations?: k8s.meta.v1.ObjectMeta["annotations"];
  dependsOn?: readonly Token[];
  secretOutputs?: readonly string[];
  replaceOnChanges?: readonly string[];
}

/** One child; of each token an App has one at most, so that its name tells them apart together with the type. */
export function child(
  app: KubernetesApp,
  token: Token,
  body: Record<string, unknown>,
  { name, annotations, dependsOn = [], secretOutputs = [], replaceOnChanges = [] }: Details = {},
): RenderedChild {
  const metadata: k8s.meta.v1.ObjectMeta = {
    ...(name !== undefined && { name }),
    ...(app.namespace !== undefined && { namespace: app.namespace }),
    labels: labels(app),
    ...(annotations !== undefined && { annotations }),
  };
  const inputs = { ...typeOf(token), metadata, ...body };
  return { token, name: app.name, inputs, dependsOn, secretOutputs, replaceOnChanges };
}

export function typeOf(token: string): Pick<KubernetesObject, "apiVersion" | "kind"> {
  const [, group = "", kind = ""] = token.split(":");
  return { apiVersion: group.replace(/^core\//, ""), kind };
}

/** The recommended labels (https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/). */
export function labels(app: KubernetesApp) {
  return {
    ...selectorLabels(app.name),
    "app.kubernetes.io/component": app.run.kind === "service" ? "service" : "job",
    ...(app.partOf !== undefined && { "app.kubernetes.io/part-of": app.partOf }),
  };
}

/** What is in the image, on the workload and not on its pods: those shall not be replaced for a note. */
export function provenance({ artifact, modules }: KubernetesApp) {
  return { "pulumi-wasm/artifact": artifact, "pulumi-wasm/modules": modules };
}
