/** How an App is found: its Service, and what leads to it from outside of the cluster. */
import type * as k8s from "@pulumi/kubernetes/types/input.js";
import type { Input } from "@pulumi/pulumi";
import type { KubernetesApp, RenderedChild } from "../app.ts";
import { servicePort } from "../calls.ts";
import { selectorLabels } from "../names.ts";
import { child, tokens } from "./objects.ts";

export function service(app: KubernetesApp): RenderedChild {
  const spec: k8s.core.v1.ServiceSpec = {
    type: "ClusterIP",
    selector: selectorLabels(app.name),
    ports: [{ name: "http", port: servicePort, targetPort: "http", protocol: "TCP", appProtocol: "http" }],
  };
  return child(app, tokens.service, { spec }, { name: app.name });
}

/** An account of its own, without rights and without a token. */
export function serviceAccount(app: KubernetesApp): RenderedChild {
  return child(app, tokens.serviceAccount, { automountServiceAccountToken: false }, { name: app.name });
}

export function ingress(app: KubernetesApp): RenderedChild[] {
  if (app.block.ingress === undefined) return [];
  const { className, annotations, tlsSecret } = app.block.ingress;
  const backend = { service: { name: app.name, port: { name: "http" } } };
  const spec: k8s.networking.v1.IngressSpec = {
    ...(className !== undefined && { ingressClassName: className }),
    ...(tlsSecret !== undefined && {
      tls: [{ secretName: tlsSecret, ...(app.hostname !== undefined && { hosts: [app.hostname] }) }],
    }),
    rules: [
      {
        ...(app.hostname !== undefined && { host: app.hostname }),
        http: { paths: paths(app).map((path) => ({ path, pathType: "Prefix", backend })) },
      },
    ],
  };
  const details = {
    name: app.name,
    dependsOn: [tokens.service],
    ...(annotations !== undefined && { annotations }),
  };
  return [child(app, tokens.ingress, { spec }, details)];
}

/** The parts of an HTTPRoute (https://gateway-api.sigs.k8s.io, v1) that are used here. */
interface HttpRouteSpec {
  parentRefs: { name: Input<string>; namespace?: Input<string>; sectionName?: Input<string> }[];
  hostnames?: Input<string>[];
  rules: {
    matches: { path: { type: "PathPrefix"; value: Input<string> } }[];
    backendRefs: { name: string; port: number }[];
    timeouts?: { request: Input<string> };
  }[];
}

export function httpRoute(app: KubernetesApp): RenderedChild[] {
  if (app.block.route === undefined) return [];
  const { gateway, gatewayNamespace, listener } = app.block.route;
  const timeout = app.routeTimeout;
  const parent = {
    name: gateway,
    ...(gatewayNamespace !== undefined && { namespace: gatewayNamespace }),
    ...(listener !== undefined && { sectionName: listener }),
  };
  const spec: HttpRouteSpec = {
    parentRefs: [parent],
    ...(app.hostname !== undefined && { hostnames: [app.hostname] }),
    rules: [
      {
        matches: paths(app).map((value) => ({ path: { type: "PathPrefix", value } })),
        backendRefs: [{ name: app.name, port: servicePort }],
        ...(timeout !== undefined && { timeouts: { request: timeout } }),
      },
    ],
  };
  return [child(app, tokens.httpRoute, { spec }, { name: app.name, dependsOn: [tokens.service] })];
}

function paths({ routes }: KubernetesApp): readonly Input<string>[] {
  return routes === undefined || routes.length === 0 ? ["/"] : routes;
}
