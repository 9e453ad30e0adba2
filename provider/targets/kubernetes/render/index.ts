/** The Kubernetes objects of an App. A pure function: the same App gives the same objects, and nothing is looked up. */
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { httpRoute, ingress, service, serviceAccount } from "./access.ts";
import { autoscaler, podDisruptionBudget } from "./availability.ts";
import { networkPolicy } from "./networkPolicy.ts";
import { runtimeClass } from "./runtimeClass.ts";
import { configMap, secret } from "./values.ts";
import { workload } from "./workload.ts";

/** In an order in which each child comes after those that it refers to or depends on. */
export function render(app: KubernetesApp): RenderedChild[] {
  const isService = app.run.kind === "service";
  return [
    ...runtimeClass(app),
    serviceAccount(app),
    networkPolicy(app),
    ...configMap(app),
    ...secret(app),
    workload(app),
    ...(isService ? forServices(app) : []),
  ];
}

function forServices(app: KubernetesApp): RenderedChild[] {
  return [service(app), ...podDisruptionBudget(app), ...autoscaler(app), ...ingress(app), ...httpRoute(app)];
}
